"""Selection: the records that a report is made of, and what tells them from the paper's."""
