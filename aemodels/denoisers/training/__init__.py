"""The training of networks: one loop, its batches, losses and checkpoints."""
