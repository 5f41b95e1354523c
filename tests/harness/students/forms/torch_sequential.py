"""An nn.Sequential that returns logits; one that is made when the file is run."""

import torch.nn as nn

model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
