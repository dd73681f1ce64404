#include <criterion/criterion.h>

#include "scanner/cli/help.h"
#include "scanner/cli/machine.h"

Test(machine, resolvers_are_the_nameserver_lines)
{
    static const struct {
        const char *text;
        size_t count;
        uint8_t first_family;
    } cases[] = {
        {"nameserver 192.0.2.53\n", 1, 4},
        {"nameserver 192.0.2.53", 1, 4}, /* no line end */
        {"# x\nsearch example.org\nnameserver\t2001:db8::53 \nnameserver 192.0.2.1\n", 2, 6},
        {";nameserver 192.0.2.1\n#nameserver 192.0.2.1\n", 0, 0},
        {"nameservers 192.0.2.1\nnameserver\nnameserver x\n", 0, 0},
        {"  nameserver 192.0.2.1\r\n", 1, 4},
        {"", 0, 0},
        {"nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
         3, 4},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net_endpoint found[3] = {0};
        size_t count = machine_parse_resolvers(span_of(cases[i].text), found, 3);
        cr_assert_eq(count, cases[i].count, "'%s'", cases[i].text);
        cr_assert_eq(found[0].address.family, cases[i].first_family, "'%s'", cases[i].text);
        cr_assert(count == 0 || found[0].port == 53);
    }
}

Test(machine, connections_leave_room_for_other_descriptors)
{
    static const struct {
        uint32_t concurrency;
        uint32_t needed;
        uint64_t limit;
        uint32_t want;
    } cases[] = {
        {4000, 68, 1048576, 4000}, {4000, 68, 4256, 4000}, {4000, 68, 4255, 3999},
        {4000, 68, 1024, 768},     {4000, 68, 257, 1},     {4000, 68, 256, 1},
        {4000, 68, 69, 1},         {4000, 68, 68, 0},      {4000, 68, 3, 0},
        {1, 68, 1024, 1},          {1, 68, 68, 0},         {4000, 68, UINT64_MAX, 4000},
        {4000, 688, 1024, 336},    {4000, 688, 689, 1}, /* many threads: more than the reserve */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(descriptors_fit(cases[i].concurrency, cases[i].needed, cases[i].limit),
                     cases[i].want, "%zu", i);
    }
    cr_assert_lt(descriptors_needed(4, 2), DESCRIPTORS_RESERVED);
    cr_assert_gt(descriptors_needed(64, 2), DESCRIPTORS_RESERVED);
}

Test(help, fits_one_screen_and_names_every_default)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    help_put_command(&b, COMMAND_SCAN);
    size_t lines = 0;
    size_t column = 0;
    for (size_t i = 0; i < b.len; i++) {
        column = b.at[i] == '\n' ? 0 : column + 1;
        lines += b.at[i] == '\n';
        cr_assert_leq(column, HELP_COLUMNS_MAX, "line %zu is too long", lines + 1);
    }
    cr_assert_leq(lines, HELP_LINES_MAX);
    buf_put_char(&b, '\0');
    cr_assert_not_null(strstr((const char *)b.at, "-o, --output DIR"));
    cr_assert_not_null(strstr((const char *)b.at, "[4000]"));
    buf_deinit(&b);
}
