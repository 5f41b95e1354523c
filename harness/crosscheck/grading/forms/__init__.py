"""The forms in which people write a cost and its gradient, one small file a family; each is recognised by trying."""
