"""What we protect: systems, hosts, people, rules, and how a host is reached."""
