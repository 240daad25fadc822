"""What is wrong with a set-up, each thing tried with the app's own parts and none guessed."""
