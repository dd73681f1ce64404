"""Every connect() over IPv4, as support/connect_log.c logs it."""

import collections


def starts_in(path, but_ports):
    """-> {address: its starts in order, in ms}, without those to these ports"""
    starts = collections.defaultdict(list)
    with open(path, encoding="ascii") as file:
        for at, address, port in map(str.split, file):
            if int(port) not in but_ports:
                starts[address].append(int(at) / 1e6)
    return {address: sorted(times) for address, times in starts.items()}
