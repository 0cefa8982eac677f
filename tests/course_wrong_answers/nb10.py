"""Notebook 10: object removal."""

_FIND = "divmod(int(differences.argmin()), differences.shape[1])"
_POOL = "F.avg_pool2d(x, k, stride=1, padding=k // 2, count_include_pad=False)"

WRONG = {
    "10.1": [
        (
            "return -F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r) -> return F.max_pool2d(M, 2 * r + 1, stride=1, padding=r)",
            "existing|other way|shrink",
        ),
        (
            "-M, 2 * r + 1, stride=1, padding=r -> -M, r + 1 + r % 2, stride=1, padding=(r + r % 2) // 2",
            "2 r|window|half|far|both sides",
        ),
        (
            "return -F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r) -> return F.max_pool2d(1 - M, 2 * r + 1, stride=1, padding=r)",
            "1 −|hole, not|mask",
        ),
        (
            "return -F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r) -> return 1 - F.max_pool2d(1 - M, (2 * r + 1, 1), stride=1, padding=(r, 0))",
            "column|row|sides|direction|corner",
        ),
        (
            "return -F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r) -> return (F.avg_pool2d(M, 2 * r + 1, stride=1, padding=r) > 0.5).to(M.dtype)",
            "half|any|one missing|majority|average",
        ),
        (
            "return -F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r) -> return (F.avg_pool2d(M, 2 * r + 1, stride=1, padding=r) > 0.999).to(M.dtype)",
            "pad|border|edge|outside",
        ),
        (
            "return -F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r) -> return -F.max_pool2d(-M, 2 * r + 1, stride=1)",
            "pad|size|shape",
        ),
        (
            "2 * r + 1, stride=1, padding=r -> 2 * r + 3, stride=1, padding=r + 1",
            "one pixel|too far|r \\+ 1|window|further",
        ),
        (
            "for _ in range(r):\n    M = torch.minimum(-F.max_pool2d(-M, (3, 1), stride=1, padding=(1, 0)), "
            "-F.max_pool2d(-M, (1, 3), stride=1, padding=(0, 1)))\nreturn M",
            "corner|diagonal|diamond",
        ),
        ("M -> M[:1]", "each|own|every|batch|shape"),
    ],
    "10.2": [
        (" / (1 - a).clamp(min=1e-12) -> ", "divide|1 − a|dark"),
        ("/ (1 - a) -> / a", "1 − a|1 - a|taken from 1"),
        ("I - a * W -> I - W", "a W|share|a ·"),
        ("I - a * W -> I + a * W", "subtract|sign|add"),
        (", 0) -> , I)", "opaque|a is 1|a = 1|0 there"),
        (
            "return torch.where(a < 1, (I - a * W) / (1 - a).clamp(min=1e-12), 0) -> return (I - a * W) / (1 - a)",
            "opaque|nan|divided by zero|a is 1|inf",
        ),
        (
            "return torch.where(a < 1, (I - a * W) / (1 - a).clamp(min=1e-12), 0) -> return torch.where(a > 0, (I - a * W) / (1 - a).clamp(min=1e-12), 0)",
            "a < 1|without the mark|a is 0|opaque|mark-free",
        ),
        ("(1 - a).clamp(min=1e-12) -> (1 - a).clamp(min=0.2)", "clamp|strong|close to|1e-12|0.2|cut|limit"),
        ("I - a * W -> I - (1 - a) * W", "a W|1 − a|exchanged|a is|share"),
        (
            "return torch.where(a < 1, (I - a * W) / (1 - a).clamp(min=1e-12), 0) -> return torch.where(a < 1, (I - a * W) / (1 - a).clamp(min=1e-12), 0).clamp(-0.5, 0.5)",
            "clamp|clip|cut|limit",
        ),
    ],
    "10.3": [
        ([0.5, 0.5], "file|divid|larger|magnif"),
        ([1, 0.56], "a|1 − a"),
        ([2, 10], "half a level|twice"),
        ([0.25, 0.05], "divid|multipl"),
        ([1, 10], "half|0.9|second|0.1"),
        ([1, 1], "0.9|second|0.1"),
        ([5, 1], "order|exchanged"),
        ([1, 4.5], "0.1|divid|1 − a|0.9|second"),
        ([1, 9], "half|second|0.9|0.1"),
        ([0, 0], "off|half|level|round"),
    ],
    "10.4": [
        (_FIND + " -> divmod(int(differences.argmin()), differences.shape[1])[::-1]", "row"),
        ("argmin -> argmax", "least|smallest"),
        ("differences.shape[1]) -> differences.shape[0])", "row's length|width|length|columns"),
        (".square() -> .abs()", "square"),
        ("return " + _FIND + " -> return int(differences.argmin())", "row and column|two|divmod|quotient"),
        (
            "return "
            + _FIND
            + " -> row, column = divmod(int(differences.argmin()), differences.shape[1]); return row + 1, column + 1",
            "count from 0|one|0",
        ),
        ("windows - T[:, :, None, None] -> windows + T[:, :, None, None]", "sign|minus|subtract|difference"),
        (".sum((1, 4, 5))[0] -> [:, 0].sum((3, 4))[0]", "colour|channel"),
        (
            "return "
            + _FIND
            + " -> row, column = divmod(int(differences.argmin()), differences.shape[1]); return row + k // 2, column + m // 2",
            "middle|corner",
        ),
        (
            "I.unfold(2, k, 1).unfold(3, m, 1) -> I.unfold(2, k, k).unfold(3, m, m)",
            "step|every place|each place|stride|skipp",
        ),
    ],
    "10.5": [
        ("return near + weight * (I_p - near) -> return I_p + weight * (near - I_p)", "other way|exchanged"),
        (".clamp(max=1) -> ", "above 1|beyond r|stop|clamp|r"),
        ("d / r -> d", "r|slope|1 pixel"),
        ("return near + weight * (I_p - near) -> return near + weight * I_p", "1 − weight|add|near|mixture|weights"),
        ("d / r -> r / d.clamp(min=1e-6)", "d / r|upside|reciprocal|turned|inverse"),
        ("return near + weight * (I_p - near) -> return near + weight * (I_p.detach() - near)", "gradient"),
        ("(d / r).clamp(max=1) -> (d > 0).to(d.dtype)", "step|slope|between"),
        ("return near + weight * (I_p - near) -> return I_p", "near|mixture|prediction alone|I_p"),
        ("d / r -> 1 - d / r", "other way|exchanged|above|1 −"),
        (
            "(d / r).clamp(max=1) -> 3 * (d / r).clamp(max=1) ** 2 - 2 * (d / r).clamp(max=1) ** 3",
            "straight|linear|smooth|between",
        ),
    ],
    "10.6": [
        ("M.flip(3) -> M", "mask"),
        ("I.flip(3) -> I", "picture"),
        (".flip(3)).flip(3) -> .flip(3))", "back"),
        (
            "return fill(I.flip(3), M.flip(3)).flip(3) -> return fill(I.flip(2), M.flip(2)).flip(2)",
            "head|axis|left|top",
        ),
        ("return fill(I.flip(3), M.flip(3)).flip(3) -> return fill(I, M).flip(3)", "before|picture|input|mirrored"),
        (
            "return fill(I.flip(3), M.flip(3)).flip(3) -> return (fill(I, M) + fill(I.flip(3), M.flip(3)).flip(3)) / 2",
            "average|mean|first opinion|mirrored alone|alone",
        ),
        ("return fill(I.flip(3), M.flip(3)).flip(3) -> return fill(I, M)", "first opinion|not|mirror"),
        ("return fill(I.flip(3), M.flip(3)).flip(3) -> return fill(I.mT, M.mT).mT", "transpos|mirror|diagonal|axis"),
        (
            "return fill(I.flip(3), M.flip(3)).flip(3) -> return fill(I.flip((2, 3)), M.flip((2, 3))).flip((2, 3))",
            "head|turn|axis|both|top",
        ),
        ("M.flip(3) -> 1 - M.flip(3)", "other way round|mask"),
    ],
    "10.7": [
        (".abs() -> ", "absolute|cancel"),
        ("return " + _POOL + " -> return x", "window|k"),
        (".mean(1, keepdim=True) -> ", "colour|channel"),
        ("(I - mean) -> I", "subtract|bright|neighbour"),
        (".abs() -> .square()", "square|size"),
        (".mean(1, keepdim=True) -> .sum(1, keepdim=True)", "3 times|sum|mean|colour"),
        (", count_include_pad=False -> ", "pad|border|inside"),
        ('mode="replicate" -> mode="constant"', "border|replicate|repeat|pad"),
        (
            "(P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4 -> F.avg_pool2d(P, 3, 1)",
            "four neighbours|nine|diagonal|itself",
        ),
        (".mean(1, keepdim=True) -> .mean(1)", "axis|keepdim|channel"),
    ],
}
