"""How an operator's commands speak with the server of a data folder: its control socket."""
