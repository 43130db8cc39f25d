"""The running program: owns every task, signal and socket, and their order.

Long-lived tasks are created here or inside a block that this room entered.
"""
