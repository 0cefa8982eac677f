"""Notebook 01: holes, masks, and what a number says about a filling."""

WRONG = {
    "1.1": [
        ("return torch.where(I_in == 0, I_p, I_in)", "itself be 0|is 0, too|by M|not the mask|ask the mask|value 0"),
        ("I_p -> I_p.detach()", "gradient"),
        ("return I_in + (I_p * (1 - M)).mean(0, keepdim=True)", "every image|each image|over the batch|own"),
        ("return I_in * (1 - M) + I_p * M", "other way round"),
        ("I_p * (1 - M) -> (1 - M)", "I_p|prediction"),
        ("return (I_in + I_p * (1 - M)) / 2", "factor|half|0.5 times|averaged"),
        ("return (I_in + I_p) * (1 - M)", "only where the image exists|missing outside|hole alone"),
        ("+ -> -", "sign"),
        ("M -> M[:1]", "every image|each image|own"),
        ("I_in += I_p * (1 - M)\nreturn I_in", "in place"),
    ],
    "1.2": [
        ("return [float((1 - m).mean()) for m in M]", "tensor"),
        ("return (1 - M).mean((2, 3))", "axis|shape|channel"),
        ("return (1 - M).mean((1, 2, 3), keepdim=True)", "keepdim|axis of size 1"),
        ("return (1 - M).mean(0)", "batch|axis|axes"),
        ("return 100 * (1 - M).mean((1, 2, 3))", "100|per cent|percent"),
        ("return (M == 0).sum((1, 2, 3))", "number of missing|divide|sum"),
        ("return (M == 0).double().mean((1, 2, 3))", "float32|dtype"),
        ("return (1 - M).sum((1, 2, 3)) / M.sum((1, 2, 3))", "existing|height · width|all pixels"),
        ("return (1 - M).mean((1, 2, 3)).sum()", "batch|first axis|each image"),
        ("return (1 - M).mean((1, 2, 3)).round()", "round"),
    ],
    "1.3": [
        (
            "M = torch.ones(1, height, width)\n"
            "start = int(torch.randint(height * width - missing + 1, (), generator=generator))\n"
            "M.view(-1)[start : start + missing] = 0\nreturn M",
            "pieces|end of a row|next row",
        ),
        (
            "M = torch.ones(1, height, width)\nside = int(missing**0.5)\n"
            "y = int(torch.randint(height - side + 1, (), generator=generator))\n"
            "x = int(torch.randint(width - side + 1, (), generator=generator))\n"
            "M[0, y : y + side, x : x + side] = 0\nreturn M",
            "square|rectangle|side",
        ),
        ("(torch.randint(n, (), generator=generator)) -> (torch.randint(n, ()))", "generator=generator"),
        ("return M -> return M.bool()", "floating"),
        ("return M -> return M[0]", r"\(1, height, width\)"),
        (
            "M = torch.ones(1, height, width)\ny, x = height // 2, width // 2\nfor _ in range(missing):\n"
            "    M[0, y, x] = 0\n"
            "    y = (y + int(torch.randint(-1, 2, (), generator=generator))) % height\n"
            "    x = (x + int(torch.randint(-1, 2, (), generator=generator))) % width\nreturn M",
            "twice|not the steps",
        ),
        ("while missing: -> while missing >= 0:", "More pixels|exactly"),
        (
            ("int(torch.randint(n, (), generator=generator)) -> n // 2", "len(rim), (), generator=generator -> 1, ()"),
            "same hole|generator",
        ),
        (
            "M = torch.ones(height * width)\nM[torch.randperm(height * width, generator=generator)[:missing]] = 0\n"
            "return M.view(1, height, width)",
            "pieces",
        ),
        (
            "torch.ones(1, height, width) -> torch.ones(1, max(height, width), max(height, width))",
            r"\(1, height, width\)",
        ),
    ],
    "1.4": [
        ([15, 1], "further|step|last missing"),
        ([16, 3], "middle|line|wide"),
        ([31, 2], "half|middle|whole"),
        ([16, 1], "line|further|step"),
        ([15, 2], "square|further|step"),
        ([17, 2], "square|one too"),
        ([2, 16], "order|exchanged|first"),
        ([16, 16], "line|nearest"),
        ([22, 2], "diagonal|straight|nearest"),
        ([15.5, 1.5], "middle of a pixel|half a pixel"),
    ],
    "1.5": [
        ("range(steps) -> range(steps + 1)", "step"),
        ("range(steps) -> range(steps - 1)", "step"),
        (
            "I = I_in.clone()\nh, w = I.shape[-2:]\nfor _ in range(steps):\n"
            '    P = F.pad(I, (1, 1, 1, 1), mode="replicate")\n    for i in range(h):\n        for j in range(w):\n'
            "            mean = (P[..., i, j + 1] + P[..., i + 2, j + 1] + P[..., i + 1, j] + P[..., i + 1, j + 2]) / 4\n"
            "            new = I_in[..., i, j] + mean * (1 - M[..., i, j])\n"
            "            P[..., i + 1, j + 1] = I[..., i, j] = new\nreturn I",
            "in the same sweep|at once|old picture|already new|in-place sweep|step before",
        ),
        ('mode="replicate" -> mode="reflect"', "replicate|reflect|border"),
        (
            "(P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4 -> "
            "(F.avg_pool2d(P, 3, 1) * 9 - I) / 8",
            "diagonal",
        ),
        (
            "(P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4 -> "
            "(P[..., :-2, :-2] + P[..., 2:, 2:] + P[..., 2:, :-2] + P[..., :-2, 2:]) / 4",
            "diagonal",
        ),
        ("I = I_in + mean * (1 - M) -> return I_in + mean * (1 - M)", "one step|return"),
        ("I = I_in + mean * (1 - M) -> I = I_in + mean", "exist|both regions"),
        ("P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4 -> I * 2) / 4", "left|right|neighbour"),
        ('mode="replicate" -> mode="circular"', "replicate|border|circular|opposite"),
    ],
    "1.6": [
        ("(I - I_gt) / 2 -> (I - I_gt)", "range|halve|6.02"),
        ("3 * (1 - M).sum((1, 2, 3)) -> (1 - M).sum()", "channel|4.77|each image|batch"),
        ("((I - I_gt) / 2) ** 2 -> ((I - I_gt) / 2).abs()", "square"),
        ("return -10 * torch.log10(l2) -> return 10 * torch.log10(l2)", "sign"),
        ("return -10 * torch.log10(l2) -> return l2", "log"),
        ("(I - I_gt) -> (I.detach() - I_gt)", "gradient"),
        ("log10 -> log2", "log10|base|logarithm"),
        (
            "return -10 * torch.log10(l2) -> return -20 * torch.log10(l2.sqrt().clamp(min=1e-1))",
            "clamp|largest|above 20|limit|small errors|cut|capped",
        ),
        ("(I - I_gt) / 2 -> (I - I_gt) / 255", "255|range"),
        ("return -10 * torch.log10(l2) -> return -10 * torch.log10(l2 + 1e-3)", "eps|added"),
    ],
    "1.7": [
        ([40, 60, 80], "10 dB|not 20|tenth"),
        ([20, 20, 20], "whole image|zero"),
        ([10, 0, -10], "smaller"),
        ([21, 22, 23], "10 dB|factor of ten|log"),
        ([20, 30, 40], "hole|10 %|first|one step|from 20"),
        ([22, 20.2, 20.02], "10 dB|factor of ten|log"),
        ([200, 2000, 20000], "dB|log|divide"),
        ([50, 40, 30], "order|smaller|exchanged|reversed"),
        ([2, 0.2, 0.02], "dB|log|multipl"),
        ([23, 26, 29], "10 dB|factor of ten|log"),
    ],
    "1.8": [
        ([30, 30], "log|commute|mean"),
        ([23, 30], "order|exchanged|first"),
        ([30, 26], "10|log|second"),
        ([30, 20], "worse|larger error|mean|second"),
        ([25, 23], "mean of|first"),
        ([60, 23], "sum|mean"),
        ([30, 40], "second|larger error|mean"),
        ([23, 23], "first|mean of"),
        ([30, 22], "second|log|0.00505"),
        ([40, 20], "mean|both"),
    ],
    "1.9": [
        ([0.5, 1.0], "square|0.5²|squared"),
        ([0.25, 0.5], "every pixel|all pixels|half"),
        ([0.25, 0.0], "shift|every pixel|side"),
        ([1.0, 0.25], "order|exchanged|first"),
        ([0, 1], "grey|0.5"),
        ([0.25, 2.0], "square|mean|larger than 1|each"),
        ([0.125, 1.0], "half|every pixel|grey|0.25"),
        ([0.5, 0.5], "square|every"),
        ([0.0, 0.0], "grey|shift|every"),
        ([0.25, 0.25], "shift|every|stripes"),
    ],
}
