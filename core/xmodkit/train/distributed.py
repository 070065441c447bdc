"""Several processes training one model, as `torchrun` starts them."""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from xmodkit.train.batches import Order

__all__ = ["Processes"]


class Processes:
    """The processes of one training: one, or as many as `torchrun` started.

    Models call their networks as they like, so that there is no single `forward` that
    DistributedDataParallel could wrap. Gradients are summed by hand after each backward pass
    instead: one reduction of one vector, which for small networks also costs the least.
    """

    def __init__(self) -> None:
        launched = torch.distributed.is_available() and torch.distributed.is_torchelastic_launched()
        local = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if launched else 1
        nodes = int(os.environ.get("WORLD_SIZE", "1")) // local if launched else 1
        strategy = "ddp" if launched and local * nodes > 1 else "auto"
        self.fabric = Fabric(accelerator="cpu", devices=local, num_nodes=nodes, strategy=strategy)
        self.fabric.launch()

    @property
    def count(self) -> int:
        """How many processes there are."""
        return int(self.fabric.world_size)

    @property
    def rank(self) -> int:
        """The number of the process that asks."""
        return int(self.fabric.global_rank)

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes and prints."""
        return self.rank == 0

    def share(self, batch: Order) -> tuple[Order, float]:
        """Return this process's share of a batch, and its weight; the weights of all add to 1.

        A batch of fewer rows than processes is everyone's.
        """
        if len(batch) < self.count:
            return batch, 1 / self.count
        rows = batch[self.rank :: self.count]
        return rows, len(rows) / len(batch)

    def wait(self) -> None:
        """Wait until every process is here."""
        self.fabric.barrier()

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes."""
        total = self.fabric.all_reduce(values, reduce_op="sum")
        assert isinstance(total, Tensor)  # a tensor in, a tensor out
        return total

    def gather(self, values: Tensor) -> tuple[Tensor, ...]:
        """Return the tensor of every process."""
        if self.count == 1:
            return (values,)
        gathered = [torch.empty_like(values) for _ in range(self.count)]
        torch.distributed.all_gather(gathered, values)
        return tuple(gathered)

    def sum_gradients(self, parameters: Sequence[nn.Parameter], scale: float) -> None:
        """Replace every gradient by the sum over processes of its gradient times `scale`."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        total = self.sum(torch.cat([g.reshape(-1) for g in gradients]) * scale)
        parts = torch.split(total, [g.numel() for g in gradients])
        for gradient, summed in zip(gradients, parts, strict=True):
            gradient.copy_(summed.view(gradient.shape))

    @torch.no_grad()
    def equalise(self, network: nn.Module) -> None:
        """Give every process the first one's weights."""
        if self.count == 1:
            return
        for tensor in network.state_dict().values():
            torch.distributed.broadcast(tensor, src=0)
