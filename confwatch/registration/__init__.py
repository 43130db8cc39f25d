"""Services announced while they deserve it, and withdrawn before they go.

The keeper holds the sessions; formats are pure. Rendering never depends on this room.
"""
