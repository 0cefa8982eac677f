"""Notebook 02: region-wise convolution."""

WRONG = {
    "2.1": [
        (25, "see|touch|location of the output|window"),
        (49, "every|all|exist"),
        (1, "entirely|wholly|location of the output|window"),
        (40, "exist|other|missing"),
        (16, "ring|border|location|rim"),
        (24, "exist|border|other|ring"),
        (81, "locations|mirror|pixels|count"),
        (3, "square|3 × 3|row|area|side"),
        (5, "square|row|area|side|window"),
        (0, "hole|missing"),
    ],
    "2.2": [
        ("out[n, m, i, j] = (window * weight).sum() + bias -> out[n, m, i, j] = (window * weight).sum()", "bias"),
        ("(W_hat[m], b_hat[m]) -> (W_hat[m], b[m])", "bias|b_hat"),
        ("== 1 -> == 0", "other way round"),
        (
            "k = W.shape[-1]\nx_pad = F.pad(x, (k // 2,) * 4)\nout = x.new_zeros(len(x), len(W), *x.shape[-2:])\n"
            "for n, m, i, j in product(*map(range, out.shape)):\n    window = x_pad[n, :, i : i + k, j : j + k]\n"
            "    weight, bias = (W[m], b[m]) if M[n, 0, i, j] == 1 else (W_hat[m], b_hat[m])\n"
            "    out[n, m, i, j] = (window * weight).sum() + bias\nreturn out",
            "pad|border",
        ),
        ("exists = M[n, 0, i, j] == 1 -> exists = M[0, 0, i, j] == 1", "own|every image|each image"),
        ("window * weight -> window * weight.flip(-1, -2)", "flip|turned|mirror|correlation"),
        ("(window * weight).sum() -> (window * weight).mean()", "times too small|mean|sum"),
        ("x_pad[n, :, i : i + k, j : j + k] -> x_pad[n, :, i : i + k, j : j + k].mT", "transpos|row|swap"),
        ("x.new_zeros(len(x), len(W), *x.shape[-2:]) -> torch.zeros(len(x), len(W), *x.shape[-2:])", "float64|dtype"),
        ("window * weight -> window * M[n, 0, i, j] * weight", "cut|mask|missing|hole|W_hat"),
    ],
    "2.3": [
        ("reflect_conv2d(x, W, b) -> reflect_conv2d(x, W.detach(), b.detach())", "gradient"),
        ("reflect_conv2d(x, W_hat, b_hat) -> reflect_conv2d(x, W_hat, b)", "bias|b_hat"),
        ("return existing * M + missing * (1 - M) -> return existing * (1 - M) + missing * M", "other way round"),
        ("return existing * M + missing * (1 - M) -> return existing + missing", "region|mask|everywhere|add"),
        (
            "missing = reflect_conv2d(x, W_hat, b_hat) -> missing = reflect_conv2d(x * (1 - M), W_hat, b_hat)",
            "before the convolution|output|window|neighbours|zeroed",
        ),
        ("existing = reflect_conv2d(x, W, b) -> existing = F.conv2d(x, W, b, padding=W.shape[-1] // 2)", "pad|border"),
        ("return existing * M + missing * (1 - M) -> return existing * M", "missing|hole"),
        (
            "return existing * M + missing * (1 - M) -> return torch.where(M[:1] == 1, existing, missing)",
            "own|every image|each image",
        ),
        ("return existing * M + missing * (1 - M) -> return existing * M - missing * (1 - M)", "sign"),
        ("reflect_conv2d(x, W_hat, b_hat) -> reflect_conv2d(existing * 0 + x, W, b_hat)", "W_hat|filter"),
    ],
    "2.4": [
        (
            'return F.interpolate(M, (h, w), mode="bilinear", align_corners=True).round()',
            "bilinear|average|round",
        ),
        ('return F.interpolate(M, (h, w), mode="nearest")', "corners|aligned"),
        ('return F.interpolate(M, (h, w), mode="bilinear", align_corners=True)', "0 and 1|between|mask holds"),
        ("return F.adaptive_avg_pool2d(M, (h, w))", "0 and 1|between|mask holds|average"),
        (
            "columns = torch.floor(torch.arange(w, device=M.device) * (W - 1) / (w - 1) + 0.5).long() -> columns = rows",
            "column|width|height",
        ),
        ("(H - 1) / (h - 1) + 0.5 -> (H - 1) / (h - 1)", "round"),
        ("(H - 1) / (h - 1) + 0.5 -> H / h", "corners|H - 1|aligned"),
        ("return M[:, :, rows][:, :, :, columns] -> return M[:, :, columns][:, :, :, rows]", "row|column|swap"),
        ("return M[:, :, rows][:, :, :, columns] -> return M[:, :, rows, columns]", "row|column|shape|pair"),
        ("return (F.adaptive_avg_pool2d(M, (h, w)) > 0.5).to(M.dtype)", "nearest|average"),
    ],
    "2.5": [
        ("reflect_conv2d(stacked, filters, b) -> reflect_conv2d(stacked, filters, torch.zeros_like(b))", "bias"),
        ("[x * M, x * (1 - M)] -> [x * (1 - M), x * M]", "other way round|order"),
        ("[W, W_hat] -> [W_hat, W]", "exchanged|order|other way round"),
        ("[x * M, x * (1 - M)] -> [x, x]", "mask|region|separate"),
        (
            "reflect_conv2d(stacked, filters, b) -> reflect_conv2d(x * M, W, b) + reflect_conv2d(x * (1 - M), W_hat, b)",
            "bias",
        ),
        ("[W, W_hat] -> [W, W_hat.detach()]", "gradient"),
        (
            "reflect_conv2d(stacked, filters, b) -> reflect_conv2d(x, W, b) * M + reflect_conv2d(x, W_hat, b) * (1 - M)",
            "equation|location|output|region-wise|2.3",
        ),
        (
            "reflect_conv2d(stacked, filters, b) -> F.conv2d(stacked, filters, b, padding=W.shape[-1] // 2)",
            "pad|border",
        ),
        ("[x * M, x * (1 - M)] -> [x * M, x]", "1 − M|1 - M|hole|missing|exist"),
        ("x * M, x * (1 - M)] -> x * M[:1], x * (1 - M[:1])]", "own|every image|each image"),
    ],
    "2.6": [
        ((1, 2), "both sides|side"),
        ((2, 2), "5|two|radius|larger"),
        ((4, 2), "order|exchanged"),
        ((3, 5), "filter|width|both|side"),
        ((0, 0), "border|same|differ"),
        ((4, 8), "twice|both|reach|side|column"),
        ((1, 1), "side|5"),
        ((2, 3), "5|side|radius|reach"),
        ((3, 3), "side|border|reach|5"),
        ((2, 5), "5|side|radius|reach"),
    ],
    "2.7": [
        ("+ b.view(1, -1, 1, 1) ->", "bias"),
        ("sums * k**2 / taps.clamp(min=1) -> sums", "renormal|divide|k²|taps|count"),
        ("return out * M_new, M_new -> return out * M_new, taps", "0 and 1|count|mask"),
        ("return out * M_new, M_new -> return out, M_new", "zero|no existing|hole"),
        ("return out * M_new, M_new -> return out * M_new, M", "mask|grow|shrink|old|new"),
        ("reflect_conv2d(x * M, W, torch.zeros_like(b)) -> reflect_conv2d(x * M, W, b)", "bias|twice"),
        (
            "reflect_conv2d(x * M, W, torch.zeros_like(b)) -> reflect_conv2d(x, W, torch.zeros_like(b))",
            "mask|missing|hole|x · M|x \\* M",
        ),
        (
            "torch.ones_like(W[:1, :1]), torch.zeros_like(b[:1])) -> torch.ones_like(W[:1, :1]), torch.zeros_like(b[:1])) / k**2",
            "0.5|fraction|share|count|times",
        ),
        ("return out * M_new, M_new -> return out * M_new", "two|tuple|mask"),
        (
            "sums * k**2 / taps.clamp(min=1) + b.view(1, -1, 1, 1) -> (sums + b.view(1, -1, 1, 1)) * k**2 / taps.clamp(min=1)",
            "bias",
        ),
    ],
    "2.8": [
        (
            "torch.stack([w[:, :, 0], w[:, :, 1] + w[:, :, 2]], dim=2), -> torch.stack([w[:, :, 0] + w[:, :, 1], w[:, :, 2]], dim=2),",
            "even|phase|first",
        ),
        (
            "return torch.stack([torch.stack(even), torch.stack(odd)], dim=1) -> return torch.stack([torch.stack(even), torch.stack(odd)], dim=0)",
            "phase|row|column|axis|axes|swap",
        ),
        (
            "return torch.stack([torch.stack(even), torch.stack(odd)], dim=1) -> return torch.stack([torch.stack(odd), torch.stack(even)], dim=1)",
            "even|odd|phase|exchanged",
        ),
        (
            "return torch.stack([torch.stack(even), torch.stack(odd)], dim=1) -> return torch.stack([torch.stack(even), torch.stack(odd)], dim=1).mT",
            "swap|transpose|row",
        ),
        (
            "return torch.stack([torch.stack(even), torch.stack(odd)], dim=1) -> return torch.stack([torch.stack(even), torch.stack(odd)], dim=1) / 2",
            "factor|0.5|half|add",
        ),
        ("[r[..., 0], r[..., 1] + r[..., 2]] -> [r[..., 0], (r[..., 1] + r[..., 2]) / 2]", "add|average|mean|sum"),
        ("[w[:, :, 0], w[:, :, 1] + w[:, :, 2]] -> [w[:, :, 0], w[:, :, 2]]", "middle|tap|missing|w1|left out"),
        (
            "return torch.stack([torch.stack(even), torch.stack(odd)], dim=1) -> return torch.stack([torch.stack(even), torch.stack(odd)], dim=1).transpose(2, 3)",
            "axes|swap|order",
        ),
        (
            "return torch.stack([torch.stack(even), torch.stack(odd)], dim=1) -> return torch.stack(even + odd)",
            r"shape|2, 2|axis|phase",
        ),
        (
            "return torch.stack([torch.stack(even), torch.stack(odd)], dim=1) -> return torch.stack([torch.stack(even), torch.stack(odd)], dim=1).detach()",
            "gradient",
        ),
    ],
    "2.9": [
        ("return -w0, w0 + w1 + w2, w2 -> return w0, w0 + w1 + w2, w2", "sign|minus|negative"),
        ("return -w0, w0 + w1 + w2, w2 -> return -w0, w1, w2", "sum|S|all three"),
        ("return -w0, w0 + w1 + w2, w2 -> return w2, w0 + w1 + w2, -w0", "order|exchanged|first"),
        ("return -w0, w0 + w1 + w2, w2 -> return -w0, (w0 + w1 + w2) / 3, w2", "mean|sum|factor|third|0.333"),
        ("return -w0, w0 + w1 + w2, w2 -> return -w0, w0 + w1 + w2, -w2", "sign"),
        ("w0, w1, w2 = -> w2, w1, w0 =", "order|exchanged|reversed|other end|sign"),
        ("return -w0, w0 + w1 + w2, w2 -> return -w0, w0 + w2, w2", "w1|middle|all three|sum"),
        ("return -w0, w0 + w1 + w2, w2 -> return w0 - w1, w0 + w1 + w2, w2 - w1", "w1|step|middle|w0|edge"),
        ("return -w0, w0 + w1 + w2, w2 -> return -w0, w0 + w1 + w2, w0", "w2|last|result..2|one part"),
        ("return -w0, w0 + w1 + w2, w2 -> return -w0, w0 + w1 + w2", "3|three"),
    ],
}
