/** Who may connect next, with a clock of our own. */

#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/fetch/address_gates.h"

#define MS 1000000UL

TestSuite(gates, .init = hash_secret_init);

static struct net_addr address(const char *text)
{
    struct net_addr a;
    cr_assert(net_addr_parse(span_of(text), &a));
    return a;
}

static void wait_at(struct gates *g, struct gate_ticket *tickets, size_t count, const char *text)
{
    struct net_addr a = address(text);
    for (size_t i = 0; i < count; i++) {
        gates_wait(g, &tickets[i], &a);
    }
}

Test(gates, without_limits_addresses_take_turns)
{
    struct gates *g = gates_new(0, 0, 0);
    struct gate_ticket a[3];
    struct gate_ticket b[2];
    wait_at(g, a, 3, "192.0.2.1");
    wait_at(g, b, 2, "2001:db8::1");
    struct gate_ticket *const order[] = {&a[0], &b[0], &a[1], &b[1], &a[2], NULL};
    for (size_t i = 0; i < 6; i++) {
        cr_expect_eq(gates_next(g, 1), order[i], "%zu", i);
    }
    cr_expect_eq(gates_due_ns(g), UINT64_MAX);
    gates_free(g);
}

Test(gates, the_distance_of_starts_is_kept_exactly_and_rounded_up)
{
    struct gates *g = gates_new(0, 0, 3); /* 333,333,333.3 ns */
    struct gate_ticket a[3];
    struct gate_ticket b[1];
    wait_at(g, a, 3, "192.0.2.1");
    cr_expect_eq(gates_next(g, 1000), &a[0]);
    cr_expect_null(gates_next(g, 1000));
    wait_at(g, b, 1, "192.0.2.2");
    cr_expect_eq(gates_next(g, 2000), &b[0], "another address does not wait");
    gates_leave(g, &a[0]);
    cr_expect_eq(gates_due_ns(g), 333334334);
    cr_expect_null(gates_next(g, 333334333));
    cr_expect_eq(gates_next(g, 333334334), &a[1]);
    cr_expect_null(gates_next(g, 666667667));
    cr_expect_eq(gates_next(g, 666667668), &a[2]);
    struct gate_ticket later[1];
    wait_at(g, later, 1, "192.0.2.1");
    cr_expect_null(gates_next(g, 1000001001), "the last start counts although nobody was in line");
    cr_expect_eq(gates_next(g, 1000001002), &later[0]);
    gates_free(g);
}

Test(gates, an_address_is_full_until_one_leaves)
{
    struct gates *g = gates_new(2, 0, 0);
    struct gate_ticket a[4];
    wait_at(g, a, 4, "192.0.2.1");
    cr_expect_eq(gates_next(g, 1), &a[0]);
    cr_expect_eq(gates_next(g, 1), &a[1]);
    cr_expect_null(gates_next(g, 1));
    cr_expect_eq(gates_due_ns(g), UINT64_MAX, "time alone changes nothing");
    gates_leave(g, &a[1]);
    cr_expect_eq(gates_next(g, 1), &a[2]);
    cr_expect_null(gates_next(g, 1));
    gates_free(g);
}

Test(gates, a_place_in_a_network_goes_to_who_waits_the_longest)
{
    struct gates *g = gates_new(0, 1, 0);
    struct gate_ticket a[2];
    struct gate_ticket b[1];
    struct gate_ticket c[1];
    struct gate_ticket other[1];
    wait_at(g, a, 2, "192.0.2.1");
    wait_at(g, b, 1, "192.0.2.2");
    cr_expect_eq(gates_next(g, 1), &a[0]);
    wait_at(g, other, 1, "198.51.100.1");
    cr_expect_eq(gates_next(g, 1), &other[0], "another network");
    gates_leave(g, &a[0]);
    wait_at(g, c, 1, "192.0.2.3"); /* comes late */
    cr_expect_eq(gates_next(g, 1), &b[0]);
    cr_expect_null(gates_next(g, 1));
    gates_leave(g, &b[0]);
    cr_expect_eq(gates_next(g, 1), &a[1]);
    gates_leave(g, &a[1]);
    cr_expect_eq(gates_next(g, 1), &c[0]);
    gates_free(g);
}

Test(gates, who_is_gone_keeps_no_place)
{
    struct gates *g = gates_new(0, 1, 0);
    struct gate_ticket a[1];
    struct gate_ticket b[1];
    struct gate_ticket c[3];
    wait_at(g, a, 1, "192.0.2.1");
    wait_at(g, b, 1, "192.0.2.2");
    wait_at(g, c, 3, "192.0.2.3");
    cr_expect_eq(gates_next(g, 1), &a[0]);
    cr_expect_null(gates_next(g, 1));
    gates_cancel(g, &c[1]);
    gates_leave(g, &a[0]); /* promised to b */
    gates_cancel(g, &b[0]);
    cr_expect_eq(gates_next(g, 1), &c[0]);
    gates_leave(g, &c[0]);
    gates_cancel(g, &c[2]);
    cr_expect_null(gates_next(g, 1));
    struct gate_ticket d[1];
    wait_at(g, d, 1, "192.0.2.3");
    cr_expect_eq(gates_next(g, 1), &d[0]);
    gates_free(g);
}

/* Many at one address and few elsewhere, all limits at once, against a plain count. */
Test(gates, limits_hold_and_nobody_is_forgotten)
{
    enum {
        COUNT = 4000,
        ADDRESSES = 7
    };
    static struct gate_ticket tickets[COUNT];
    static const char *const texts[ADDRESSES] = {"192.0.2.1",    "192.0.2.2",   "192.0.2.3",
                                                 "198.51.100.1", "2001:db8::1", "2001:db8::2",
                                                 "203.0.113.7"};
    static size_t where[COUNT];
    static size_t running[COUNT];
    struct gates *g = gates_new(3, 5, 100);
    for (size_t i = 0; i < COUNT; i++) {
        where[i] = i % 4 == 0 ? hash_draw(7, SPAN_LIT("gates"), (struct span){(uint8_t *)&i, 8}) %
                                    ADDRESSES
                              : 0;
        wait_at(g, &tickets[i], 1, texts[where[i]]);
    }
    size_t at_address[ADDRESSES] = {0};
    uint64_t last_ns[ADDRESSES] = {0};
    size_t done = 0;
    size_t under_way = 0;
    for (uint64_t now = 100 * MS; done < COUNT; now += MS) {
        struct gate_ticket *t = NULL;
        while ((t = gates_next(g, now)) != NULL) {
            size_t a = where[t - tickets];
            cr_assert_lt(at_address[a], 3);
            cr_assert(now - last_ns[a] >= 10 * MS || last_ns[a] == 0);
            at_address[a]++;
            last_ns[a] = now;
            running[under_way++] = (size_t)(t - tickets);
            cr_assert_leq(at_address[0] + at_address[1] + at_address[2], 5);
            cr_assert_leq(at_address[4] + at_address[5], 5);
        }
        if (under_way > 0 && now % (7 * MS) == 0) {
            size_t pick = (size_t)(now / MS) % under_way;
            size_t i = running[pick];
            running[pick] = running[--under_way];
            gates_leave(g, &tickets[i]);
            at_address[where[i]]--;
            done++;
        }
        cr_assert_lt(now, 60000 * MS, "%zu of %d", done, COUNT);
    }
    gates_free(g);
}
