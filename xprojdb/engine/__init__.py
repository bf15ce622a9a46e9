"""A recipe, the plan of steps it stands for, and running what of it is pending."""
