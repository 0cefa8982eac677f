"""Notebook 03: right answers that are written differently pass, and receptive fields are what the gradient says."""

import pytest
import torch
import torch.nn.functional as F

from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.lessons.receptive import conv_stack, reached_side_px, receptive_field_px, sensitivity
from rwlib.losses import reconstruction_loss
from rwlib.masks import resize_mask
from rwlib.networks.fast.reflect_conv import pad_reflect
from rwlib.networks.generator import Encoder
from rwlib.networks.region_wise_conv import ReflectConv2d


def masked_copy(I_gt, M):
    I_in = I_gt.clone()
    I_in[(M == 0).expand_as(I_gt)] = 0
    return torch.hstack([I_in, M])


def padded_input(I_gt, M):
    x = I_gt.new_zeros(len(I_gt), 4, *I_gt.shape[2:])
    x[:, :3], x[:, 3:] = I_gt * M, M
    return x


def field_backward(layers):
    side = 1
    for kernel, stride, dilation in reversed(layers):
        side = (side - 1) * stride + (kernel - 1) * dilation + 1
    return side


def field_by_gradient(layers):
    step = torch.tensor([stride for _, stride, _ in layers]).prod().item()
    output_px = 2 * field_backward(layers) // step + 3
    x = torch.zeros(1, 1, 1, output_px * step)
    stack = torch.nn.Sequential(
        *(torch.nn.Conv2d(1, 1, (1, k), stride=(1, s), dilation=(1, d), padding=(0, k // 2 * d)) for k, s, d in layers)
    )
    for layer in stack:
        torch.nn.init.ones_(layer.weight)
    return reached_side_px(sensitivity(stack.double(), x.double(), 0, output_px // 2))


def reached_with_backward(network, x, row, column):
    x = x.clone().requires_grad_()
    out = network(x)
    out[:, :, row, column].sum().backward()
    return x.grad.abs().amax(1) > 0


def reached_by_a_picked_gradient(network, x, row, column):
    x = x.clone().requires_grad_()
    out = network(x)
    pick = torch.zeros_like(out)
    pick[:, :, row, column] = 1
    (gradient,) = torch.autograd.grad(out, x, pick)
    return gradient.square().sum(1).bool()


def mirrored_by_walking(i, n):
    while not 0 <= i < n:
        i = -i if i < 0 else 2 * (n - 1) - i
    return i


def mirrored_by_distance(i, n):
    return n - 1 - abs(i % (2 * n - 2) - (n - 1))


def step_masked_after_upsampling(x, skip, M, weight, bias):
    M = F.interpolate(resize_mask(M, x.shape[-2:]), scale_factor=2)
    x, skip = (F.interpolate(y, scale_factor=2) for y in (x, skip))
    stacked = torch.cat([torch.cat([x, skip], 1) * M, x * (1 - M)], 1)
    return F.elu(F.conv2d(F.pad(stacked, (1, 1, 1, 1), mode="reflect"), weight, bias))


def step_as_two_convolutions(x, skip, M, weight, bias):
    M, n = resize_mask(M, x.shape[-2:]), x.shape[1] + skip.shape[1]
    out = bias[:, None, None]
    for part, filters in ((torch.cat([x, skip], 1) * M, weight[:, :n]), (x * (1 - M), weight[:, n:])):
        part = part.repeat_interleave(2, 2).repeat_interleave(2, 3)
        out = out + F.conv2d(pad_reflect(part, 1), filters)
    return torch.where(out > 0, out, out.exp() - 1)


def loss_by_norms(I_p1, I_p2, I_gt, M):
    return sum(torch.linalg.vector_norm(I_p - I_gt, ord=1, dim=(1, 2, 3)).mean() for I_p in (I_p1, I_p2))


def loss_by_torch(I_p1, I_p2, I_gt, M):
    return (F.l1_loss(I_p1, I_gt, reduction="sum") + F.l1_loss(I_p2, I_gt, reduction="sum")) / I_gt.shape[0]


ALTERNATIVES = {
    "3.1": [masked_copy, padded_input],
    "3.2": [field_backward, field_by_gradient, receptive_field_px],
    "3.3": [reached_with_backward, reached_by_a_picked_gradient],
    "3.5": [mirrored_by_walking, mirrored_by_distance],
    "3.7": [step_masked_after_upsampling, step_as_two_convolutions],
    "3.8": [loss_by_norms, loss_by_torch, lambda I_p1, I_p2, I_gt, M: reconstruction_loss(I_p1, I_p2, I_gt)],
}


@pytest.mark.parametrize(("number", "answer"), [(n, answer) for n, some in ALTERNATIVES.items() for answer in some])
def test_another_right_answer_passes(number, answer):
    assert judge(exercises.find(number), answer).status == "passed"


ENCODER = [(layer.kernel_size[0], layer.stride[0], layer.dilation[0]) for layer in Encoder(2).children()]


@pytest.mark.parametrize("depth", range(1, len(ENCODER) + 1))
def test_formula_and_gradient_agree_on_the_encoder(depth):
    stack = conv_stack(ENCODER[:depth])
    assert all(isinstance(layer, ReflectConv2d) for layer in stack)
    x = torch.zeros(1, 1, 320, 320)
    middle = stack(x).shape[-1] // 2
    assert reached_side_px(sensitivity(stack, x, middle, middle)) == receptive_field_px(ENCODER[:depth])


def test_what_is_not_reached_has_no_columns():
    assert reached_side_px(torch.zeros(2, 5)) == 0
