"""etcd v3 over its JSON gateway: one watch over one range, resumed before listed."""
