"""What whoever looks after the device may do, from the command line and from the operator's page alike.

Like `edge.assembly` this knows the rooms; the page (`edge.outputs.kiosk.office`) sees it by a protocol.
"""
