"""The terminal client: `nexus-trio chat` and `nexus-trio demo`.

It speaks with a server through `nexus_trio.client` alone. `own_server` is the one
file here that knows the server, for a chat or a demo that starts one itself.
"""
