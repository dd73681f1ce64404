#include <criterion/criterion.h>

#include "resolver/udp_table.h"

static struct udp_table table;
static struct udp_port *const here = (struct udp_port *)&table; /* never looked into */
static struct udp_port *const there = (struct udp_port *)&table.count;

Test(udp_table, found_by_port_and_id)
{
    udp_table_init(&table);
    struct udp_question *a = udp_table_put(&table, here, 5, 100);
    struct udp_question *b = udp_table_put(&table, there, 5, 100);
    struct udp_question *c = udp_table_put(&table, here, 5 + UDP_BUCKETS, 100);
    cr_expect(a != b && b != c && a != c);
    cr_expect_eq(udp_table_find(&table, here, 5), a);
    cr_expect_eq(udp_table_find(&table, there, 5), b);
    cr_expect_eq(udp_table_find(&table, here, 5 + UDP_BUCKETS), c);
    cr_expect_null(udp_table_find(&table, there, 5 + UDP_BUCKETS));
    cr_expect_null(udp_table_find(&table, here, 6));
    udp_table_drop(&table, a);
    cr_expect_null(udp_table_find(&table, here, 5));
    cr_expect_eq(udp_table_find(&table, there, 5), b);
    cr_expect_eq(udp_table_find(&table, here, 5 + UDP_BUCKETS), c);
}

Test(udp_table, due_in_the_order_of_asking)
{
    udp_table_init(&table);
    cr_expect_null(udp_table_due(&table, UINT64_MAX));
    struct udp_question *a = udp_table_put(&table, here, 1, 100);
    struct udp_question *b = udp_table_put(&table, here, 2, 100);
    struct udp_question *c = udp_table_put(&table, here, 3, 101);
    cr_expect_null(udp_table_due(&table, 99));
    cr_expect_eq(udp_table_due(&table, 100), a);
    udp_table_drop(&table, b);
    udp_table_drop(&table, a);
    cr_expect_null(udp_table_due(&table, 100));
    cr_expect_eq(udp_table_due(&table, 101), c);
    udp_table_drop(&table, c);
    cr_expect_null(udp_table_due(&table, UINT64_MAX));
    a = udp_table_put(&table, here, 1, 102);
    b = udp_table_put(&table, here, 2, 102);
    udp_table_put_off(&table, a, 103);
    cr_expect_eq(udp_table_due(&table, 103), b);
    udp_table_drop(&table, b);
    cr_expect_null(udp_table_due(&table, 102));
    cr_expect_eq(udp_table_due(&table, 103), a);
    cr_expect_eq(udp_table_find(&table, here, 1), a);
    udp_table_drop(&table, a);
}

/* All places, each used again, with every id of more than there are buckets for. */
Test(udp_table, as_many_as_there_are_places)
{
    udp_table_init(&table);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < DNS_UDP_UNDER_WAY; i++) {
            uint16_t id = (uint16_t)(round * DNS_UDP_UNDER_WAY + i);
            cr_assert_not_null(udp_table_put(&table, here, id, round));
        }
        cr_assert_null(udp_table_put(&table, here, 0, round));
        cr_assert_eq(table.count, DNS_UDP_UNDER_WAY);
        for (unsigned i = 0; i < DNS_UDP_UNDER_WAY; i++) {
            uint16_t id = (uint16_t)(round * DNS_UDP_UNDER_WAY + (i * 7 + 3) % DNS_UDP_UNDER_WAY);
            struct udp_question *q = udp_table_find(&table, here, id);
            cr_assert(q != NULL && q->id == id);
            udp_table_drop(&table, q);
        }
        cr_assert_eq(table.count, 0);
    }
    cr_expect_eq(table.used, DNS_UDP_UNDER_WAY);
}
