"""The learning rules, one file each; `contract` says what each declares and defines."""
