r"""Ask a linear classifier which pictures are real: U-IDS and P-IDS.

These unpaired and paired inception discriminative scores are from Zhao et al., "Large Scale Image Completion via
Co-Modulated Generative Adversarial Networks" (ICLR 2021). A support vector machine separates the Inception features of
originals from those of inpainted pictures; s is its score, above 0 for "real". U-IDS is how often it is wrong, P-IDS
how often an inpainted picture looks more real than its own original; higher is better. With very many pictures 0.5
says that the two cannot be told apart.

As in the authors' program the classifier is scikit-learn's `LinearSVC(dual=False)` on unscaled features, and it is
tested on the very rows that it was fitted to. So both scores depend on the number of pictures: 2 n points in d
dimensions, labelled at random, can be separated without an error in at least half of all cases if n ≤ d (Cover, 1965).
Two draws of one Gaussian with d = 200 give a U-IDS of 0.00 at n = d / 2, 0.12 at d, 0.29 at 2 d, 0.38 at 6 d, and 0.44
at 20 d. Compare at equal n alone.
"""

from itertools import chain

import numpy as np

from rwlib.conventions import InputError
from rwlib.evaluation.frechet import Rows, blocks


def u_ids(s_real: np.ndarray, s_fake: np.ndarray) -> float:
    """Return ½ Pr{s(real) ≤ 0} + ½ Pr{s(fake) > 0}; the sets may differ in size.

    Example:
        >>> u_ids(np.array([2.0, 1.0, -1.0, 3.0]), np.array([-1.0, 1.0]))  # a quarter and a half are wrong
        0.375
    """
    return float((np.mean(s_real <= 0) + np.mean(s_fake > 0)) / 2)


def p_ids(s_real: np.ndarray, s_fake: np.ndarray) -> float:
    """Return Pr{s(fake) > s(real)}, entry i of both being of the same photograph; a tie does not count.

    Raises:
        InputError: sets that differ in size.

    Example:
        >>> p_ids(np.array([2.0, 1.0]), np.array([-1.0, 1.5]))
        0.5
    """
    if s_real.shape != s_fake.shape:
        raise InputError(f"scores: P-IDS compares pairs, expected as many of each, got {len(s_real)} and {len(s_fake)}")
    return float(np.mean(s_fake > s_real))


def classify(real: Rows, fake: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Fit the classifier to two sets of features and return its scores of both.

    The same rows give the same scores: no random numbers are drawn. In memory are all rows in float64, and scikit-learn
    takes twice that once more: 0.1 MB for a pair of rows of 2,048 features, so 1.2 GB for 12,000 photographs.

    Args:
        real: (n, d) features, tensor or array (it may be mapped to a file).
        fake: (m, d).

    Returns:
        Scores (n,) and (m,), above 0 for "real".

    Raises:
        InputError: scikit-learn is not installed, shapes that do not fit, or an empty set.

    Example:
        >>> s_real, s_fake = classify(np.array([[3.0], [4.0]]), np.array([[-3.0], [-4.0], [-5.0]]))
        >>> s_real > 0, s_fake > 0
        (array([ True,  True]), array([False, False, False]))
    """
    try:
        from sklearn.svm import LinearSVC
    except ImportError:
        raise InputError("features: U-IDS needs scikit-learn; install it with `pip install rwlib[fid]`") from None
    a, b = tuple(real.shape), tuple(fake.shape)
    if len(a) != 2 or len(b) != 2 or a[1] != b[1] or not (a[0] and b[0]):
        raise InputError(f"features: expected two (n, d) of one width and at least one row, got {a}, {b}")
    n = len(real)
    rows = np.empty((n + len(fake), a[1]))
    filled = 0
    for block in chain(blocks(real), blocks(fake)):
        rows[filled : filled + len(block)] = block
        filled += len(block)
    s = LinearSVC(dual=False).fit(rows, np.arange(len(rows)) < n).decision_function(rows)
    return s[:n], s[n:]


def discriminative_scores(real: Rows, fake: Rows) -> tuple[float, float]:
    """Return U-IDS and P-IDS of originals (n, d) and inpainted pictures (n, d), row i of both of one photograph.

    Raises:
        InputError: as `classify`, and sets that differ in size.
    """
    if len(real) != len(fake):
        raise InputError(f"features: P-IDS compares pairs, expected as many of each, got {len(real)} and {len(fake)}")
    s_real, s_fake = classify(real, fake)
    return u_ids(s_real, s_fake), p_ids(s_real, s_fake)
