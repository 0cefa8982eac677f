"""Notebook 04: right answers that are written differently pass, and tensors are counted."""

import pytest
import torch

from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import PASSED
from rwlib.course.exercises import find
from rwlib.course.lessons.tensor_memory import largest_tensor, peak_tensor_mb
from rwlib.losses import correlation, correlation_loss, correlation_loss_ref


def f_einsum(phi):
    return torch.einsum("bchw,bcyx->bhwyx", phi, phi).flatten(3).flatten(1, 2)


def f_image_by_image(phi):
    return torch.stack([image.flatten(1).T @ image.flatten(1) for image in phi])


def L_c_einsum(phi_c1, phi_gt):
    c = phi_gt.size(1)
    f = [torch.einsum("bci,bcj->bij", phi.flatten(2), phi.flatten(2)) / c**2 for phi in (phi_c1, phi_gt)]
    return (f[0] - f[1]).abs().sum((1, 2)).mean()


def training_spelled_out(I_p1, I_c1, I_p2, I_c2, I_gt, features):
    _, phi_c1, _ = features(I_c1)
    with torch.no_grad():
        phi_gt = features(I_gt)[-2]
    return correlation_loss_ref(phi_c1, phi_gt)


def bytes_by_halving(h_px, w_px, b, dtype):
    n = h_px // 2 // 2 * (w_px // 2 // 2)
    return b * n**2 * torch.empty(0, dtype=dtype).element_size()


def bytes_in_floats(h_px, w_px, b, dtype):
    return b * (h_px / 4 * w_px / 4) ** 2 * dtype.itemsize


def tiles_by_split(A, B, tile):
    pieces = list(zip(A.split(tile), B.split(tile), strict=True))
    total = 0
    for i, (a, b) in enumerate(pieces):
        for j, (other_a, other_b) in enumerate(pieces[i:], start=i):
            D = a @ other_a.mT - b @ other_b.mT
            total += D.abs().sum() if i == j else 2 * D.abs().sum()
    return total


def tiles_from_E(A, B, tile):
    E, total = A - B, torch.zeros((), dtype=A.dtype)
    for i in range(0, len(A), tile):
        rows = slice(i, i + tile)
        total += (E[rows] @ A[rows].T + B[rows] @ E[rows].T).abs().sum()
        for j in range(i + tile, len(A), tile):
            columns = slice(j, min(j + tile, len(A)))
            total += 2 * (E[rows] @ A[columns].T + B[rows] @ E[columns].T).abs().sum()
    return total


def gradient_by_autograd_of_my_own(A, B):
    A = A.clone().requires_grad_()
    loss = (A @ A.T - B @ B.T).abs().sum() / A.shape[1] ** 2
    return torch.autograd.grad(loss, A)[0]


ALTERNATIVES = {
    "4.1": [f_einsum, f_image_by_image, correlation],
    "4.2": [L_c_einsum, correlation_loss, correlation_loss_ref],
    "4.3": [
        training_spelled_out,
        lambda I_p1, I_c1, I_p2, I_c2, I_gt, vgg: correlation_loss(*(vgg(I)[1] for I in (I_c1, I_gt))),
    ],
    "4.4": [3600.0, 20 * 100 + 80 * 20],
    "4.5": [bytes_by_halving, bytes_in_floats],
    "4.6": [tiles_by_split, tiles_from_E],
    "4.7": [
        lambda A, B: (A - B) @ B.T + A @ (A - B).T,
        lambda A, B: torch.cat([A - B, B], dim=1) @ torch.cat([A, A - B], dim=1).T,
        lambda A, B: ((A - B) @ (A + B).T + (A + B) @ (A - B).T) / 2,
    ],
    "4.8": [
        gradient_by_autograd_of_my_own,
        lambda A, B: (A.T @ (A @ A.T - B @ B.T).sign()).T.mul(2).div(A.size(1) ** 2),
    ],
}  # fmt: skip


@pytest.mark.parametrize("number, answer", [(number, a) for number, those in ALTERNATIVES.items() for a in those])
def test_other_right_answers_pass(number, answer):
    result = judge(find(number), answer)
    assert result.status == PASSED, result.message


def test_a_whole_matrix_in_other_words_is_found():
    message = judge(find("4.6"), lambda A, B, tile: torch.cdist(A @ A.T, B @ B.T, p=1).diagonal().sum()).message
    assert "n × n" in message


def test_peak_counts_what_lives_at_one_time():
    x = torch.zeros(250, 1000)  # a megabyte
    assert peak_tensor_mb(lambda: x.view(-1)[:3]) == 0
    assert peak_tensor_mb(lambda: x + 1) == 1
    assert peak_tensor_mb(lambda: [x + i for i in range(5)]) == 5
    assert peak_tensor_mb(lambda: sum(float((x + i)[0, 0]) for i in range(5))) < 2.1


def test_peak_sees_the_backward_pass_and_the_same_number_twice():
    phi, other = torch.rand(2, 1, 8, 24, 24, generator=torch.Generator().manual_seed(0))
    phi.requires_grad_()
    n_squared_mb = 4 * 576**2 / 1e6
    first, second = (peak_tensor_mb(lambda: torch.autograd.grad(correlation_loss_ref(phi, other), phi)) for _ in "12")
    assert first == second and 3 * n_squared_mb < first < 6 * n_squared_mb


def test_largest_tensor():
    phi = torch.ones(1, 2, 3, 4)
    f, numel = largest_tensor(lambda: correlation(phi))
    assert f.shape == (1, 12, 12) and numel == 144
