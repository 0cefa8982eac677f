r"""The steps of the methods that the paper compares itself with, one file each; `rwlib.training.step` is its own.

Each file has `new_players(config)`, `LOSSES`, and `training_step(players, config, phase, number, update)`;
`rwlib.training.methods` puts them side by side. The weights of the losses are in `rwlib.config.models`.
"""
