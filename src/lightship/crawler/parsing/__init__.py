"""What can be learnt of one page: its main text, links, facts about it, and signs that it is none."""
