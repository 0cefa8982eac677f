r"""The methods that the paper compares itself with (tables 1 to 3), each from its own paper, one file each.

All have the interface of `rwlib.networks.generator.RegionWiseGenerator`:

    G = PConvUNet.from_config(config)    a network with fresh weights
    out = G(I_gt, M)                     a NamedTuple with all its pictures; `out.I_c` is the one that counts
    I_c = G.fill(I_gt, M)                that picture alone, in [-1, 1], without gradients
    G.divisor                            both sides of a picture must be divisible by it

Like the region-wise generator they erase the hole before the first layer, so nothing of it can leak.
"""
