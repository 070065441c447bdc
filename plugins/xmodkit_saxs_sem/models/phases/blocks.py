"""The parts of the networks: convolutions that wrap around, conditions, a small U-Net."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

__all__ = ["Block", "Down", "UNet", "Up", "WrappedConv"]


class WrappedConv(nn.Module):
    """A 3 x 3 convolution; what leaves the image on one side comes in on the other."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3)

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, outputs, y, x)."""
        out: Tensor = self.convolution(nn.functional.pad(image, (1, 1, 1, 1), mode="circular"))
        return out


class Block(nn.Module):
    """Two convolutions beside an identity; a condition (N, k) scales and shifts in between."""

    def __init__(self, width: int, condition: int = 0) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(4, width)
        self.first, self.second = WrappedConv(width, width), WrappedConv(width, width)
        self.condition = nn.Linear(condition, 2 * width) if condition else None

    def forward(self, image: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return an image of the same shape."""
        h = self.first(nn.functional.silu(self.norm(image)))
        if self.condition is not None and condition is not None:
            scale, shift = self.condition(condition)[:, :, None, None].chunk(2, dim=1)
            h = h * (1 + scale) + shift
        out: Tensor = image + self.second(nn.functional.silu(h))
        return out


class Down(nn.Module):
    """Half the pixels along both axes, into another number of channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(4 * inputs, outputs, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, outputs, y / 2, x / 2).

        The mix of every 2 x 2 pixels' channels, as one convolution of stride 2: a tenth faster
        than moving pixels into channels first.
        """
        outputs, inputs, *_ = self.mix.weight.shape
        kernel = self.mix.weight.reshape(outputs, inputs // 4, 2, 2)
        out: Tensor = nn.functional.conv2d(image, kernel, self.mix.bias, stride=2)
        return out


class Up(nn.Module):
    """Twice the pixels along both axes, into another number of channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(inputs, 4 * outputs, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, outputs, 2 y, 2 x)."""
        return nn.functional.pixel_shuffle(self.mix(image), 2)


class UNet(nn.Module):
    """Images to images: down to an eighth of the pixels and back, with bridges between."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        widths: Sequence[int] = (24, 48, 64),
        condition: int = 0,
        blocks: int = 1,
    ) -> None:
        super().__init__()
        pairs = list(zip((inputs, *widths[:-1]), widths, strict=True))
        self.down = nn.ModuleList(Down(a, b) for a, b in pairs)
        self.descend = nn.ModuleList(_blocks(w, condition, blocks) for w in widths)
        self.up = nn.ModuleList(Up(b, a) for a, b in reversed(pairs[1:]))
        self.ascend = nn.ModuleList(_blocks(a, condition, blocks) for a, _ in reversed(pairs[1:]))
        self.last = Up(widths[0], outputs)
        nn.init.zeros_(self.last.mix.weight)

    def forward(self, image: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return (N, outputs, y, x) for images (N, inputs, y, x) and conditions (N, k)."""
        bridges: list[Tensor] = []
        for down, level in zip(self.down, self.descend, strict=True):
            image = _through(level, down(image), condition)
            bridges.append(image)
        bridges.pop()
        for up, level in zip(self.up, self.ascend, strict=True):
            image = _through(level, up(image) + bridges.pop(), condition)
        out: Tensor = self.last(nn.functional.silu(image))
        return out


def _blocks(width: int, condition: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(Block(width, condition) for _ in range(count))


def _through(blocks: nn.Module, image: Tensor, condition: Tensor | None) -> Tensor:
    assert isinstance(blocks, nn.ModuleList)
    for block in blocks:
        image = block(image, condition)
    return image
