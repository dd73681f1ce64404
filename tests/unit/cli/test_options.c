#include <criterion/criterion.h>

#include "scanner/cli/option_readers.h"
#include "scanner/cli/option_table.h"
#include "scanner/cli/options.h"

#define WORDS_MAX 24

/** Cuts `line` at its spaces; argv points into `words`. */
static enum options_verdict read_line(struct options *o, const char *line, struct buf *why)
{
    static char words[1024];
    static char *argv[WORDS_MAX + 1];
    int argc = 0;
    cr_assert_lt(strlen(line), sizeof(words));
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        cr_assert_lt(argc, WORDS_MAX);
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    return options_read(o, argc, argv, why);
}

Test(options, defaults_are_those_of_the_design)
{
    static struct options o;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert_eq(read_line(&o, "mxcensus scan", &why), OPTIONS_RUN);
    const struct scan_params *p = &o.params;
    cr_assert_str_eq(p->input_paths[0], "-");
    cr_assert_null(p->output_dir);
    cr_assert(p->format == RESULT_NDJSON && p->compression == RESULT_CODEC_NONE);
    cr_assert(p->port_count == 1 && p->ports[0] == 25);
    cr_assert(p->probes.sni && p->probes.no_sni_short && !p->probes.no_sni);
    cr_assert(p->use_ipv4 && p->use_ipv6);
    cr_assert(p->names_per_address == 500 && !p->implicit_mx_dial && p->concurrency == 4000);
    cr_assert(p->address_limit == 1 && p->network_limit == 8 && p->operator_limit == 64);
    cr_assert(p->address_rate > 1.999 && p->address_rate < 2.001 && p->dns_rate == 5000);
    cr_assert(p->connect_timeout_ms == 10000 && p->greeting_timeout_ms == 30000);
    cr_assert(p->reply_timeout_ms == 20000 && p->tls_timeout_ms == 20000);
    cr_assert_eq(p->target_timeout_ms, 120000);
    cr_assert(p->retries == 1 && p->retry_pause_ms == 60000 && p->tempfail_pause_ms == 300000);
    cr_assert(!p->allow_special_addresses && !p->quiet && !p->metadata_passthrough);
    cr_assert(p->name_server_count == 0 && p->ehlo_domain == NULL && p->threads == 0);
    cr_assert_eq(p->argc, 2);
    buf_deinit(&why);
}

/* Whatever is wrong with a value, the line begins with the option that it was given to. */
Test(options, every_refusal_of_a_value_names_its_option)
{
    static const char *const bad[] = {"", "?", "\x01,"};
    static struct options o;
    for (size_t row = 0; row < option_table_count; row++) {
        const struct option_row *option = &option_table[row];
        size_t refused = 0;
        for (enum command c = 0; c < COMMAND_COUNT && option->argument != NULL; c++) {
            for (size_t i = 0; option_is_of(option, c) && i < sizeof(bad) / sizeof(bad[0]); i++) {
                char text[200];
                char name[100];
                struct buf why = BUF_INIT(BUF_NO_LIMIT);
                (void)snprintf(name, sizeof(name), "--%s ", option->name);
                (void)snprintf(text, sizeof(text), "--%s=%s", option->name, bad[i]);
                char command[40];
                (void)snprintf(command, sizeof(command), "%s", command_info(c)->word);
                char program[] = "mxcensus";
                char *argv[] = {program, command, text, NULL};
                if (options_read(&o, 3, argv, &why) == OPTIONS_BAD &&
                    span_eq(span_take(buf_span(&why), strlen(name)), span_of(name))) {
                    refused++;
                }
                buf_deinit(&why);
            }
        }
        bool takes_any = option->argument == NULL || option->read == option_read_any_text;
        cr_expect(takes_any || refused > 0, "--%s", option->name);
    }
}

Test(options, values_arrive_in_their_fields)
{
    static struct options o;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    const struct scan_params *p = &o.params;

    cr_assert_eq(
        read_line(&o, "mxcensus scan list.csv -o out --format both --compress=zstd:19 -q", &why),
        OPTIONS_RUN);
    cr_assert(strcmp(p->input_paths[0], "list.csv") == 0 && strcmp(p->output_dir, "out") == 0);
    cr_assert(p->format == RESULT_BOTH && p->compression == RESULT_CODEC_ZSTD && p->quiet);
    cr_assert_eq(p->compression_level, 19);

    cr_assert_eq(read_line(&o, "mxcensus scan b -f a c --input-file=a -", &why), OPTIONS_RUN);
    cr_assert_eq(p->input_count, 5);
    for (size_t i = 0; i < p->input_count;
         i++) { /* options first, as --config is in front of words */
        cr_assert_eq(p->input_paths[i][0], "aabc-"[i]);
    }
    cr_assert(p->repeated_count == 5 && strcmp(p->repeated[4].value, "-") == 0);

    cr_assert_eq(read_line(&o, "mxcensus scan -4 --ports 587,465 --probes no-sni --seed 9 -", &why),
                 OPTIONS_RUN);
    cr_assert(p->use_ipv4 && !p->use_ipv6 && p->seed == 9);
    cr_assert(p->port_count == 2 && p->ports[0] == 587 && p->ports[1] == 465);
    cr_assert(!p->probes.versions && !p->probes.other_key);
    cr_assert(!p->probes.sni && p->probes.no_sni);

    cr_assert_eq(read_line(&o,
                           "mxcensus scan --name-servers 127.0.0.1:5301,[::1]:5302 --name-servers "
                           "192.0.2.1 --local-addr 192.0.2.7,2001:db8::7 --address-map "
                           "11.0.0.0/8=127.0.0.0/8 --address-map 12.0.0.0/8=127.0.0.0/8:26 "
                           "--port-map 25=2525 --infer off",
                           &why),
                 OPTIONS_RUN);
    cr_assert_eq(p->name_server_count, 3);
    cr_assert(p->name_servers[0].port == 5301 && p->name_servers[1].address.family == 6 &&
              p->name_servers[2].port == 53);
    cr_assert(p->local_addr_count == 2 && p->local_addrs[1].family == 6);
    cr_assert(p->address_map_count == 2 && p->address_maps[1].port == 26);
    cr_assert(p->port_map_count == 1 && p->port_maps[0].to == 2525);

    cr_assert_eq(read_line(&o,
                           "mxcensus scan --connect-timeout 0.5 --address-rate 30/m "
                           "--dns-rate-limit 0 --implicit-mx dial --ehlo-domain probe.example",
                           &why),
                 OPTIONS_RUN);
    cr_assert(p->connect_timeout_ms == 500 && p->dns_rate == 0 && p->implicit_mx_dial);
    cr_assert(p->address_rate > 0.499 && p->address_rate < 0.501);
    cr_assert_str_eq(p->ehlo_domain, "probe.example");
    buf_deinit(&why);
}

static const char *in_force(const struct options *o, const char *name)
{
    for (size_t i = 0; i < o->params.option_count; i++) {
        if (strcmp(o->params.options[i].name, name) == 0) {
            return o->params.options[i].value;
        }
    }
    return "absent";
}

Test(options, the_manifest_learns_what_is_in_force)
{
    static struct options o;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert_eq(read_line(&o, "mxcensus scan -q --ports 25,465 --tls-timeout 7", &why),
                 OPTIONS_RUN);
    cr_assert_str_eq(in_force(&o, "ports"), "25,465");
    cr_assert_str_eq(in_force(&o, "tls-timeout"), "7");
    cr_assert_str_eq(in_force(&o, "concurrency"), "4000");
    cr_assert_str_eq(in_force(&o, "quiet"), "yes");
    cr_assert_null(in_force(&o, "threads"));
    cr_assert_null(in_force(&o, "output"));
    cr_assert_str_eq(in_force(&o, "help"), "absent");
    options_set_threads(&o, 3);
    options_set_concurrency(&o, 768);
    cr_assert_str_eq(in_force(&o, "threads"), "3");
    cr_assert_str_eq(in_force(&o, "concurrency"), "768");
    cr_assert(o.params.threads == 3 && o.params.concurrency == 768);
    buf_deinit(&why);
}

Test(options, words_that_end_at_once)
{
    static const struct {
        const char *line;
        enum options_verdict want;
    } cases[] = {
        {"mxcensus --help", OPTIONS_HELP},
        {"mxcensus help", OPTIONS_HELP},
        {"mxcensus help --help", OPTIONS_HELP},
        {"mxcensus help -h", OPTIONS_HELP},
        {"mxcensus help help", OPTIONS_HELP},
        {"mxcensus help version", OPTIONS_HELP},
        {"mxcensus -h", OPTIONS_HELP},
        {"mxcensus --version", OPTIONS_VERSION},
        {"mxcensus scan --help", OPTIONS_HELP_COMMAND},
        {"mxcensus scan -h", OPTIONS_HELP_COMMAND},
        {"mxcensus scan --version", OPTIONS_VERSION},
        {"mxcensus scan x --help", OPTIONS_HELP_COMMAND},
        {"mxcensus help scan", OPTIONS_HELP_COMMAND},
        {"mxcensus check --help", OPTIONS_HELP_COMMAND},
        {"mxcensus analyze -h", OPTIONS_HELP_COMMAND},
        {"mxcensus explain --version", OPTIONS_VERSION},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static struct options o;
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_assert_eq(read_line(&o, cases[i].line, &why), cases[i].want, "%s", cases[i].line);
        cr_assert_eq(why.len, 0);
        buf_deinit(&why);
    }
}

/* Every refusal is one line that names the option, the bad value and a good one. */
Test(options, refusals_say_what_and_where)
{
    static const struct {
        const char *line;
        const char *what;
    } cases[] = {
        {"mxcensus", "which command"},
        {"mxcensus frob", "unknown command 'frob'"},
        {"mxcensus scan --frob", "option --frob"},
        {"mxcensus help frob", "unknown command 'frob'"},
        {"mxcensus chek example.org", "unknown command 'chek'; did you mean check? See mxcensus"},
        {"mxcensus hlep", "unknown command 'hlep'; did you mean help?"},
        {"mxcensus --hlep", "unknown option '--hlep'; did you mean --help?"},
        {"mxcensus --verison", "unknown option '--verison'; did you mean --version?"},
        {"mxcensus verison", "unknown command 'verison'; did you mean version?"},
        {"mxcensus --frob", "unknown option '--frob'; try mxcensus --help"},
        {"mxcensus help sacn", "did you mean scan?"},
        {"mxcensus a", "unknown command 'a'; try mxcensus --help"},
        {"mxcensus scan --ouput x", "--ouput, did you mean --output?; see mxcensus scan --help"},
        {"mxcensus scan --ouput=x", "did you mean --output?"},
        {"mxcensus scan --mta-stx record", "did you mean --mta-sts?"},
        {"mxcensus show results", "which domain"},
        {"mxcensus show", "which results"},
        {"mxcensus scan --frob", "; see mxcensus scan --help"},
        {"mxcensus check --frob", "; see mxcensus check --help"},
        {"mxcensus check --output x", "--output of mxcensus scan and mxcensus analyze and mxcensus "
                                      "merge and mxcensus collect and mxcensus report; see"},
        {"mxcensus scan --json",
         "option --json of mxcensus check and mxcensus show; see mxcensus scan --help"},
        {"mxcensus explain --ports=25", "--ports=25 of mxcensus scan and mxcensus check"},
        {"mxcensus explain -q", "unknown option -q; see mxcensus explain --help"},
        {"mxcensus check", "which domain"},
        {"mxcensus check --json", "which domain"},
        {"mxcensus check --host 192.0.2.1", "--host '192.0.2.1' is not the name of a host"},
        {"mxcensus check --host mx", "such as mx.example.org, mx.example.org=192.0.2.1"},
        {"mxcensus check --host =192.0.2.1", "is not the name of a host"},
        {"mxcensus check --host mx.a.example=mx.b.example", "is not the name of a host"},
        {"mxcensus check --host mx.a.example:0", "is not the name of a host"},
        {"mxcensus check --host mx.a.example=192.0.2.1:x", "is not the name of a host"},
        {"mxcensus check --host m.a.example:26 --host m.b.example:27", "has another port"},
        {"mxcensus check --host m.a.example b.example c.example", "'b.example' or 'c.example'"},
        {"mxcensus check --host 1.a.example --host 2.a.example --host 3.a.example --host "
         "4.a.example --host "
         "5.a.example --host 6.a.example --host 7.a.example --host 8.a.example --host 9.a.example",
         "has more than 8 hosts"},
        {"mxcensus analyze", "which results"},
        {"mxcensus analyze a b", "more than one directory"},
        {"mxcensus analyze --format csv a", "add --output"},
        {"mxcensus explain --format xml", "use text, csv or json"},
        {"mxcensus check --color yes x", "use auto, always or never"},
        {"mxcensus scan --fail-on fatal", "is no severity (error, warning, notice, info)"},
        {"mxcensus scan --at tomorrow", "'tomorrow' is not a time in UTC"},
        {"mxcensus scan --root-cas a.pem --root-cas x/a.crt", "two trust stores named 'a'"},
        {"mxcensus scan --root-cas =", "'=' is not FILE or NAME=FILE"},
        {"mxcensus scan --root-cas 1 --root-cas 2 --root-cas 3 --root-cas 4 --root-cas 5 "
         "--root-cas 6 --root-cas 7 --root-cas 8 --root-cas 9",
         "more than 8 values"},
        {"mxcensus scan --retries 4", "--retries '4' is not a whole number from 0 to 3"},
        {"mxcensus scan --shards 4", "needs --shard: which of them this scan is, from 0 to 3"},
        {"mxcensus scan --shards 2 --shard 2", "the last one is 1"},
        {"mxcensus scan --shards 2 --shard 1 --shards-at-once 3", "is more than --shards 2"},
        {"mxcensus scan -x", "option -x"},
        {"mxcensus scan -qx", "option -x"},
        {"mxcensus scan --co 3", "option --co"},
        {"mxcensus scan --quiet=yes", "--quiet=yes takes no value"},
        {"mxcensus scan --output", "option --output needs a value"},
        {"mxcensus scan -o", "option -o needs a value"},
        {"mxcensus scan - -f a -", "'-' is given twice"},
        {"mxcensus scan --output=", "--output has an empty value"},
        {"mxcensus scan --ports 25,x", "--ports 'x'"},
        {"mxcensus scan --ports 25,", "--ports ''"},
        {"mxcensus scan --ports 25,25", "is repeated"},
        {"mxcensus scan --ports 1,2,3,4,5", "more than 4"},
        {"mxcensus scan --probes versions", "versions needs another handshake"},
        {"mxcensus scan --probes ciphers", "ciphers needs another handshake"},
        {"mxcensus scan --probes sni,wrong-sni",
         "wrong-sni is compared with the handshake of no-sni"},
        {"mxcensus scan --probes no-sni,ecdsa-rsa", "ecdsa-rsa needs the handshake of sni"},
        {"mxcensus scan --probes no-sni-short", "no-sni-short rests on the handshake of sni"},
        {"mxcensus scan --probes sni,no-sni,no-sni-short", "no-sni-short is no-sni made short"},
        {"mxcensus scan --probes x", "'x' is not a probe"},
        {"mxcensus scan --infer x", "--infer 'x' is not known: use off, listed or all"},
        {"mxcensus scan --format xml", "use ndjson, csv, both or text"},
        {"mxcensus scan --compress lz4", "use none, gzip or zstd"},
        {"mxcensus scan --format csv", "add --output"},
        {"mxcensus scan --compress gzip", "add --output"},
        {"mxcensus scan -o out --compress zstd:20", "'zstd:20' has levels from 1 to 19"},
        {"mxcensus scan -o out --compress gzip:0", "'gzip:0' has levels from 1 to 9"},
        {"mxcensus scan -o out --compress gzip:", "'gzip:' has levels from 1 to 9"},
        {"mxcensus scan -o out --compress zstd:9x", "'zstd:9x' has levels from 1 to 19"},
        {"mxcensus scan -o out --compress none:1", "'none:1' has no level"},
        {"mxcensus scan -o out --compress lz4:1", "use none, gzip or zstd"},
        {"mxcensus scan --name-servers dns.example", "'dns.example' is not an address"},
        {"mxcensus scan --name-servers 192.0.2.1,", "'' is not an address"},
        {"mxcensus scan --local-addr eth0", "'eth0' is not an IPv4"},
        /* RFC 1122 section 3.2.1.3, RFC 4291 sections 2.5.2 and 2.7: bind() takes them, and they are no sources */
        {"mxcensus scan --local-addr 0.0.0.0",
         "'0.0.0.0' is not an IPv4 or IPv6 address that conn"},
        {"mxcensus scan --local-addr ::", "'::' is not an IPv4 or IPv6 address that conn"},
        {"mxcensus scan --local-addr 224.0.0.1", "'224.0.0.1' is not an IPv4"},
        {"mxcensus scan --local-addr 239.255.255.255", "'239.255.255.255' is not an IPv4"},
        {"mxcensus scan --local-addr ff02::1", "'ff02::1' is not an IPv4"},
        {"mxcensus scan --local-addr 192.0.2.7,255.255.255.255", "'255.255.255.255' is not an"},
        {"mxcensus scan --local-addr ::ffff:0.0.0.0", "'::ffff:0.0.0.0' is not an IPv4"},
        {"mxcensus scan --address-map 1.2.3.4", "'1.2.3.4' is not a mapping"},
        {"mxcensus scan --port-map 25", "'25' is not a mapping"},
        {"mxcensus scan --ehlo-domain scanner", "'scanner' is not a fully qualified"},
        {"mxcensus scan --concurrency 0", "--concurrency '0' is not a whole number from 1"},
        {"mxcensus scan --threads 257", "from 1 to 256"},
        {"mxcensus scan --seed -1", "--seed '-1'"},
        {"mxcensus scan --tls-timeout 0", "from 0.05 to 3600 seconds"},
        {"mxcensus scan --address-rate x", "not a rate"},
        {"mxcensus scan --dns-rate-limit 0.5", "not a rate"},
        {"mxcensus scan -4 -6", "exclude each other"},
        {"mxcensus merge -o results", "which results? Give a directory for each shard"},
        {"mxcensus merge part-0 part-1", "Give a new directory with --output"},
        {"mxcensus scan --address-limit 9", "--network-limit 8"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static struct options o;
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_assert_eq(read_line(&o, cases[i].line, &why), OPTIONS_BAD, "%s", cases[i].line);
        buf_put_char(&why, '\0');
        const char *said = (const char *)why.at;
        cr_assert_not_null(strstr(said, cases[i].what), "%s: %s", cases[i].line, said);
        cr_assert_null(strchr(said, '\n'), "%s: %s", cases[i].line, said);
        buf_deinit(&why);
    }
}

Test(options, the_table_is_sound)
{
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        cr_assert(row->name && row->help && row->manual && row->group < OPTION_GROUP_COUNT);
        cr_assert(i == 0 || row->group >= option_table[i - 1].group, "%s", row->name);
        cr_assert(row->min <= row->max, "%s", row->name);
        for (size_t j = 0; j < i; j++) {
            if ((row->commands & option_table[j].commands) == 0) {
                continue; /* two commands may have options of one name */
            }
            cr_assert_str_neq(row->name, option_table[j].name);
            cr_assert(row->letter == 0 || row->letter != option_table[j].letter, "%s", row->name);
        }
    }
}

Test(options, hosts_are_said_instead_of_looked_up)
{
    static struct options o;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct net_addr v4;
    struct net_addr v6;
    cr_assert(net_addr_parse(span_of("192.0.2.1"), &v4) &&
              net_addr_parse(span_of("2001:db8::1"), &v6));

    cr_assert_eq(read_line(&o, "mxcensus check a.example", &why), OPTIONS_RUN);
    cr_assert_null(o.params.staged_mx);

    cr_assert_eq(read_line(&o,
                           "mxcensus check --host MX1.a.example. --host mx2.a.example=192.0.2.1 "
                           "--host mx2.a.example=2001:db8::1 a.example",
                           &why),
                 OPTIONS_RUN);
    const struct staged_mx *mx = o.params.staged_mx;
    cr_assert(mx != NULL && mx->count == 2 && o.params.fetch_policies);
    cr_assert(strcmp(mx->host[0].name, "mx1.a.example") == 0 && mx->host[0].address_count == 0);
    cr_assert(strcmp(mx->host[1].name, "mx2.a.example") == 0 && mx->host[1].address_count == 2);
    cr_assert(net_addr_eq(&mx->host[1].address[0], &v4) &&
              net_addr_eq(&mx->host[1].address[1], &v6));
    cr_assert(o.params.port_map_count == 0 && o.params.ports[0] == 25);

    cr_assert_eq(read_line(&o, "mxcensus check --host mx.a.example=[2001:db8::1]:2525", &why),
                 OPTIONS_RUN);
    cr_assert(net_addr_eq(&o.params.staged_mx->host[0].address[0], &v6) && o.word_count == 0);
    cr_assert(o.params.port_map_count == 1 && o.port_maps[0].from == 25 &&
              o.port_maps[0].to == 2525);
    cr_assert(!o.params.fetch_policies); /* whose would they be? */

    cr_assert_eq(read_line(&o, "mxcensus check --host mx.a.example:465", &why), OPTIONS_RUN);
    cr_assert(o.params.port_map_count == 0 && o.params.port_count == 1 && o.params.ports[0] == 465);
    cr_assert_eq(why.len, 0);
    buf_deinit(&why);
}

Test(options, words_go_to_their_command)
{
    static struct options o;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);

    cr_assert_eq(read_line(&o, "mxcensus check a.example --json b.example -v", &why), OPTIONS_RUN);
    cr_assert(o.command == COMMAND_CHECK && o.word_count == 2 && o.json && o.verbose);
    cr_assert(strcmp(o.words[0], "a.example") == 0 && strcmp(o.words[1], "b.example") == 0);
    cr_assert(o.color == COLOR_AUTO && !o.fails && !o.at_given && o.root_cas_count == 0);
    /* Somebody waits. */
    cr_assert(o.params.retry_pause_ms == 5000 && o.params.tempfail_pause_ms == 30000);

    cr_assert_eq(read_line(&o, "mxcensus check -- --json", &why), OPTIONS_RUN);
    cr_assert(o.word_count == 1 && strcmp(o.words[0], "--json") == 0 && !o.json);

    cr_assert_eq(read_line(&o, "mxcensus explain sni --format json", &why), OPTIONS_RUN);
    cr_assert(o.command == COMMAND_EXPLAIN && o.word_count == 1 &&
              o.explain_format == EXPLAIN_JSON);
    cr_assert_eq(read_line(&o, "mxcensus explain null mx", &why), OPTIONS_RUN);
    cr_assert_eq(o.word_count, 2);
    cr_assert_eq(read_line(&o, "mxcensus explain", &why), OPTIONS_RUN);
    cr_assert(o.word_count == 0 && o.explain_format == EXPLAIN_TEXT);

    cr_assert_eq(read_line(&o, "mxcensus analyze old -o new --format both --at @5", &why),
                 OPTIONS_RUN);
    cr_assert(o.command == COMMAND_ANALYZE && strcmp(o.words[0], "old") == 0);
    cr_assert(strcmp(o.params.output_dir, "new") == 0 && o.params.format == RESULT_BOTH);
    cr_assert(o.at_given && o.params.terms.at == 5);
    buf_deinit(&why);
}

Test(options, terms_of_judgement)
{
    static struct options o;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert_eq(read_line(&o,
                           "mxcensus scan --root-cas system --root-cas moz=m.pem --at 1970-01-02 "
                           "--fail-on warning",
                           &why),
                 OPTIONS_RUN);
    cr_assert_eq(o.root_cas_count, 2);
    cr_assert(o.root_cas[0].path == NULL && strcmp(o.root_cas[0].name, "system") == 0);
    cr_assert(strcmp(o.root_cas[1].path, "m.pem") == 0 && strcmp(o.root_cas[1].name, "moz") == 0);
    cr_assert(o.at_given && o.params.terms.at == 86400);
    cr_assert(o.params.terms.stores == o.stores && o.params.terms.store_count == 0);
    cr_assert(o.fails && o.fail_on == SEVERITY_WARNING);
    cr_assert_str_eq(in_force(&o, "at"), "1970-01-02");
    cr_assert_str_eq(in_force(&o, "fail-on"), "warning");
    buf_deinit(&why);
}

Test(options, check_has_defaults_of_its_own)
{
    static struct options o;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert_eq(read_line(&o, "mxcensus check example.org", &why), OPTIONS_RUN);
    const struct scan_params *p = &o.params;
    cr_assert(p->implicit_mx_dial && p->concurrency == 32 && p->network_limit == 4);
    cr_assert(p->operator_limit == 8 && p->address_limit == 1 && p->names_per_address == 500);
    cr_assert(p->port_count == 1 && p->ports[0] == 25 && p->probes.sni && p->probes.no_sni);
    cr_assert(p->probes.versions && !p->probes.other_key);
    cr_assert_eq(p->output_fd, 1);
    cr_assert_str_eq(in_force(&o, "implicit-mx"), "dial");
    cr_assert_str_eq(in_force(&o, "threads"), "absent");
    cr_assert(!p->probes.ciphers);
    cr_assert_eq(read_line(&o, "mxcensus check --probes sni,ciphers example.org", &why),
                 OPTIONS_RUN);
    cr_assert(p->probes.ciphers && p->probes.versions && !p->probes.no_sni && !p->probes.wrong_sni);
    cr_assert_eq(read_line(&o, "mxcensus check --probes no-sni,wrong-sni example.org", &why),
                 OPTIONS_RUN);
    cr_assert(p->probes.wrong_sni && !p->probes.versions);
    cr_assert_eq(read_line(&o, "mxcensus check --implicit-mx record example.org", &why),
                 OPTIONS_RUN);
    cr_assert(!p->implicit_mx_dial);
    buf_deinit(&why);
}
