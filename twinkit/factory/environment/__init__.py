"""What a trial runs in: the exact commit, its build, the app, private twins, namespaces, time, mail, a database."""
