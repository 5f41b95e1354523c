"""Two runs side by side, and many: what their tables say, as records. The words are in `report`."""
