"""What is wrong with an answer: J, each dW and each db by themselves, and what they have in common."""
