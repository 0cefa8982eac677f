"""What it is called in words when a step of a solution is left out or exchanged: ends of "That comes out if ...".

Only what the learner knows is named: arguments, words of the docstring, and functions. The solution is never printed.
"""

MODULES = ("torch", "F", "math", "linalg", "torch.linalg")
"""Names before a dot that are no values: `torch.sqrt(x)` has its value inside the brackets."""

WITHOUT = {
    "abs": "the absolute value is left out, so that differences of opposite sign cancel",
    "all": "`all` is left out",
    "any": "`any` is left out",
    "ceil": "rounding up is left out",
    "clamp": "the limit (`clamp`) is left out",
    "compose": "no composite is made",
    "correlation": "the features themselves are compared, not their correlations",
    "elu": "the activation (ELU) is left out",
    "exp": "the exponential is left out",
    "flatten": "an axis is not flattened",
    "flip": "one mirroring (`flip`) is left out",
    "float": "a conversion to a number is left out",
    "floor": "rounding down is left out",
    "gram": "the features themselves are compared, not their Gram matrices",
    "log": "the logarithm is left out",
    "log10": "the logarithm is left out",
    "long": "a conversion to whole numbers is left out",
    "mean": "a mean is left out",
    "normalize": "a vector is not brought to length 1 (`F.normalize`)",
    "relu": "the cut at zero (`relu`) is left out",
    "resize_mask": "the mask is not resized",
    "round": "rounding is left out",
    "sign": "the values themselves are taken, not their signs",
    "sort": "sorting is left out",
    "sorted": "sorting is left out: the order is another one",
    "sqrt": "a square root is left out",
    "square": "a square is left out",
    "std": "the standard deviation is left out",
    "sum": "a sum is left out",
    "to": "a conversion (`to`) is left out",
    "transpose": "a transpose is left out",
    "upsample_nearest": "upsampling is left out",
}
"""Function or method → what its being left out is called."""

_PLACE = "stands in the place of"

INSTEAD = {
    "abs": {"square": f"a square {_PLACE} an absolute value"},
    "adaptive_avg_pool2d": {"adaptive_max_pool2d": f"a maximum {_PLACE} a mean: one missing pixel decides all"},
    "all": {"any": f"`any` {_PLACE} `all`"},
    "any": {"all": f"`all` {_PLACE} `any`"},
    "argmin": {"argmax": "the largest is looked for, not the smallest"},
    "avg_pool2d": {"max_pool2d": f"a maximum {_PLACE} a mean over the window"},
    "ceil": {"floor": "it is rounded down, not up", "round": "it is rounded to the nearest, not up"},
    "elu": {
        "relu": "the activation is a ReLU, which loses what is negative; asked for is an ELU",
        "leaky_relu": "the activation is a leaky ReLU; asked for is an ELU",
        "tanh": "the activation is tanh; asked for is an ELU",
        "selu": "the activation is a SELU; asked for is an ELU",
    },
    "eigvals": {"eigvalsh": "`eigvalsh` is used: it takes a matrix for symmetric, and a product of two mostly is not"},
    "floor": {"ceil": "it is rounded up, not to the nearest", "round": "it is rounded in another way"},
    "log10": {
        "log": "the logarithm is the one to base e, not 10",
        "log2": "the logarithm is the one to base 2, not 10",
    },
    "max": {"min": "the smaller one is taken, not the larger"},
    "max_pool2d": {"avg_pool2d": f"a mean {_PLACE} a maximum over the window"},
    "mean": {
        "sum": f"a sum {_PLACE} a mean",
        "std": f"a standard deviation {_PLACE} a mean",
        "amax": f"the largest value {_PLACE} a mean",
        "median": f"a median {_PLACE} a mean",
    },
    "min": {"max": "the larger one is taken, not the smaller"},
    "relu": {
        "abs": f"an absolute value {_PLACE} the cut at zero (`relu`)",
        "softplus": f"`softplus` {_PLACE} the cut at zero (`relu`)",
        "sigmoid": f"a sigmoid {_PLACE} the cut at zero (`relu`)",
        "elu": f"an ELU {_PLACE} the cut at zero (`relu`)",
        "leaky_relu": f"a leaky ReLU {_PLACE} the cut at zero (`relu`)",
    },
    "round": {"floor": "it is rounded down, not to the nearest", "ceil": "it is rounded up, not to the nearest"},
    "square": {"abs": f"an absolute value {_PLACE} a square"},
    "std": {
        "var": f"the variance {_PLACE} the standard deviation: its root is missing",
        "mean": f"the mean {_PLACE} the standard deviation",
        "sum": f"a sum {_PLACE} the standard deviation",
    },
    "sum": {
        "mean": f"a mean {_PLACE} a sum",
        "norm": f"a Euclidean norm (the root of the sum of squares) {_PLACE} a sum",
        "amax": f"the largest value {_PLACE} a sum",
        "prod": f"a product {_PLACE} a sum",
    },
    "trace": {"sum": "all entries of a matrix are added up, not the diagonal alone (its trace)"},
}
"""Function or method → another → what its standing there is called."""

REDUCTIONS = ("sum", "mean", "any", "all", "norm")

MODE = {
    "replicate": "the border is padded by repeating the border pixels (`replicate`)",
    "reflect": "the border is padded by mirroring (`reflect`)",
    "circular": "the border is padded with the opposite border (`circular`)",
    "constant": "the border is padded with zeros (`constant`)",
}

OPTIONS = {
    "keepdim": "`keepdim=True` is left out, and an axis is lost",
    "stride": "the `stride` is left out",
    "padding": "the `padding` is left out, so that the result is smaller",
    "count_include_pad": "zeros of the padding are counted in the mean at the border (`count_include_pad=False`)",
    "reduction": "`reduction` is left out",
}
"""Keyword → what its being left out is called."""

GREEK = {"sigma": "σ", "alpha": "α", "delta": "δ", "lambda_1": "λ_1", "lambda_2": "λ_2", "lambda_3": "λ_3"}

NOUNS = {
    "abs": "an absolute value",
    "autograd": "a gradient",
    "cat": "the stack",
    "correlation": "a matrix of correlations",
    "correlation_loss": "a loss",
    "exp": "an exponential",
    "gram": "a Gram matrix",
    "log10": "a logarithm",
    "log": "a logarithm",
    "mean": "a mean",
    "norm": "a length",
    "reflect_conv2d": "the result of a convolution",
    "relu": "the result of `relu`",
    "resize_mask": "the resized mask",
    "sign": "a sign",
    "sqrt": "a root",
    "square": "a square",
    "std": "the standard deviation",
    "sum": "a sum",
    "trace": "a trace",
}
"""Function or method → what its result is called."""

NUMBERS = {
    1.96: (1.64, 1.645, 2.576, 2.58, 2.0),
    0.975: (0.95, 0.995, 0.99, 0.025),
    0.05: (0.1, 0.01, 0.025, 0.95),
    0.5: (1.0, 0.0),
    255: (256, 127.5, 128),
    127.5: (255, 128, 127),
    3600: (60,),
}
"""Number of a solution → those that people write for it."""
