#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/pem.h>

#include "scanner/cli/help.h"
#include "scanner/cli/machine.h"
#include "scanner/cli/option_table.h"
#include "tests/support/test_ca.h"

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
    cr_assert_eq(descriptors_for_policies(4000, 68, 1048576), POLICY_CONNECTIONS_MAX);
    cr_assert_eq(descriptors_for_policies(768, 68, 1024), POLICY_CONNECTIONS_MIN);
    cr_assert_eq(descriptors_for_policies(668, 68, 1024), POLICY_CONNECTIONS_MIN + 50);
    cr_assert_eq(descriptors_for_policies(1, 68, 69), POLICY_CONNECTIONS_MIN);
    cr_assert_lt(descriptors_needed(2, 1), DESCRIPTORS_RESERVED);
    cr_assert_gt(descriptors_needed(64, 2), DESCRIPTORS_RESERVED);
}

static void check_screen(const struct buf *b, const char *what)
{
    size_t lines = 0;
    size_t column = 0;
    for (size_t i = 0; i < b->len; i++) {
        column = b->at[i] == '\n' ? 0 : column + 1;
        lines += b->at[i] == '\n';
        cr_assert_leq(column, HELP_COLUMNS_MAX, "%s: line %zu is too long", what, lines + 1);
    }
    cr_assert_leq(lines, HELP_LINES_MAX, "%s", what);
}

Test(help, fits_one_screen_and_names_every_default)
{
    static const char *const wanted[COMMAND_COUNT][3] = {
        [COMMAND_SCAN] = {"-o, --output DIR", "[4000]", "record or dial [record]"},
        [COMMAND_CHECK] = {"--json", "record or dial [dial]", "auto, always or never [auto]"},
        [COMMAND_SHOW] = {"--json", "RESULTS DOMAIN...", "auto, always or never [auto]"},
        [COMMAND_DIFF] = {"text or ndjson [text]", "new-error or new-warning", "OLD NEW"},
        [COMMAND_ANALYZE] = {"--root-cas [NAME=]FILE", "--at TIME", "RESULTS"},
        [COMMAND_MERGE] = {"-o, --output DIR", "--partial", "RESULTS... -o DIR"},
        [COMMAND_FEED] = {"--brokers HOST:PORT,...", "machines that work [1]", "FILE..."},
        [COMMAND_WORK] = {"--name-servers A[:P],...", "--kafka-option KEY=VALUE", "--help"},
        [COMMAND_COLLECT] = {"-o, --output DIR", "--drop", "-o DIR"},
        [COMMAND_REPORT] = {"-o, --output FILE", "html, md, csv or latex [html]", "[rank]"},
        [COMMAND_SCHEMA] = {"a database [json-schema]", "--load RESULTS", "[TABLE]"},
        [COMMAND_PROBING_TXT] = {"--contact URL|MAILTO", "[this host's]", "--help"},
        [COMMAND_EXPLAIN] = {"text, csv or json [text]", "[NAME|LINE|FILE]", "--help"},
    };
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        struct buf b = BUF_INIT(BUF_NO_LIMIT);
        help_put_command(&b, c);
        check_screen(&b, command_info(c)->word);
        buf_put_char(&b, '\0');
        for (size_t i = 0; i < 3; i++) {
            cr_assert_not_null(strstr((const char *)b.at, wanted[c][i]), "%s", wanted[c][i]);
        }
        buf_deinit(&b);
    }
}

Test(help, the_overview_names_every_command)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    help_put_overview(&b);
    check_screen(&b, "overview");
    buf_put_char(&b, '\0');
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        cr_assert_not_null(strstr((const char *)b.at, command_info(c)->help));
    }
    buf_deinit(&b);
}

Test(machine, trust_stores_are_read_in_order)
{
    static struct options o; /* keeps the stores until the end */
    char path[] = "/tmp/mxcensus-roots-XXXXXX";
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct test_cert root =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "Root", .ca = true});
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    cr_assert(file != NULL && PEM_write_X509(file, root.cert) == 1 && fclose(file) == 0);
    o.params.terms.stores = o.stores;
    o.root_cas_count = 2;
    o.root_cas[0] = (struct root_cas){.name = "one", .path = path};
    o.root_cas[1] = (struct root_cas){.name = "two", .path = path};
    cr_assert(machine_read_stores(&o, &why));
    cr_assert(o.params.terms.store_count == 2 && o.stores[1].anchor_count == 1);
    cr_assert(strcmp(o.stores[0].name, "one") == 0 && strcmp(o.stores[1].name, "two") == 0);
    (void)unlink(path);
    for (size_t i = 0; i < 2; i++) {
        trust_store_deinit(&o.stores[i]);
    }

    o.params.terms.store_count = 0;
    cr_assert(!machine_read_stores(&o, &why)); /* the file is gone */
    buf_put_char(&why, '\0');
    cr_assert_not_null(strstr((const char *)why.at, path), "%s", (const char *)why.at);
    cr_assert_null(strchr((const char *)why.at, '\n'));
    test_cert_free(&root);
    buf_deinit(&why);
}
