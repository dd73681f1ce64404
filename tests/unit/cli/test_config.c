#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/cli/config_words.h"
#include "scanner/cli/options.h"

static const char *config_path(const char *text)
{
    static char path[] = "/tmp/mxcensus-config-XXXXXX";
    if (access(path, F_OK) != 0) {
        int fd = mkstemp(path);
        cr_assert(fd >= 0 && close(fd) == 0);
    }
    FILE *file = fopen(path, "w");
    cr_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    return path;
}

#define WORDS_MAX 16

/** `words` after "mxcensus"; "@" stands for the file. */
static enum options_verdict read_with(struct options *o, const char *text, const char *line,
                                      struct buf *why)
{
    static char words[512];
    static char *argv[WORDS_MAX + 1];
    int argc = 1;
    argv[0] = (char *)(uintptr_t) "mxcensus";
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        cr_assert_lt(argc, WORDS_MAX);
        argv[argc++] = strcmp(word, "@") == 0 ? (char *)(uintptr_t)config_path(text) : word;
    }
    argv[argc] = NULL;
    return options_read(o, argc, argv, why);
}

static void forget(struct options *o, struct buf *why)
{
    config_words_deinit(&o->config);
    buf_reset(why);
}

Test(config, lines_are_options_and_the_command_line_wins)
{
    static struct options o;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    const struct scan_params *p = &o.params;
    static const char text[] = "# a night\n\n  threads = 3 \r\nname-servers=192.0.2.1\n"
                               "name-servers = 192.0.2.2\nquiet\nmetadata-passthrough = no\n"
                               "contact = https://scan.example.org/#who\ninput-file = a list.txt\n"
                               "json = yes\n";
    cr_assert_eq(read_with(&o, text, "scan --config @", &why), OPTIONS_RUN, "%.*s", (int)why.len,
                 (const char *)why.at);
    cr_assert(p->threads == 3 && p->name_server_count == 2 && p->quiet);
    cr_assert(!p->metadata_passthrough && strcmp(p->input_paths[0], "a list.txt") == 0);
    cr_assert_str_eq(o.contact, "https://scan.example.org/#who");
    /* What is recorded says it all without the file. */
    cr_assert_eq(p->argc, 8);
    cr_assert_str_eq(p->argv[0], "mxcensus");
    cr_assert_str_eq(p->argv[1], "scan");
    cr_assert_str_eq(p->argv[2], "--threads=3");
    cr_assert_str_eq(p->argv[7], "--input-file=a list.txt");
    cr_assert_null(p->argv[8]);
    forget(&o, &why);

    /* A list as a whole, an input as a word, a flag, wherever --config stands and however it is shortened. */
    cr_assert_eq(
        read_with(&o, text, "scan other.txt --threads 5 --name-servers 192.0.2.9 --conf @", &why),
        OPTIONS_RUN);
    cr_assert(p->threads == 5 && p->name_server_count == 1);
    cr_assert_str_eq(p->input_paths[0], "other.txt");
    forget(&o, &why);

    cr_assert_eq(read_with(&o, text, "check --config @ example.org", &why), OPTIONS_RUN);
    cr_assert(o.json && o.word_count == 1 && p->name_server_count == 2);
    forget(&o, &why);
    (void)unlink(config_path(""));
    buf_deinit(&why);
}

Test(config, what_is_wrong_is_said_of_its_line)
{
    static struct options o;
    static const struct {
        const char *text;
        const char *line;
        const char *said;
    } cases[] = {
        {"\n# x\nthreads = many\n", "scan --config @", ":3: --threads 'many' is not"},
        {"thread = 3\n", "scan --config @", ":1: no command knows the option --thread, did"},
        {"zzz = 3\n", "scan --config @", ":1: no command knows the option --zzz"},
        {"threads\n", "scan --config @", ":1: --threads needs a value: threads = N"},
        {"threads =\n", "scan --config @", ":1: --threads has an empty value"},
        {"quiet = perhaps\n", "scan --config @", ":1: --quiet is a flag: it takes yes or no"},
        {"help\n", "scan --config @", ":1: --help cannot stand in a file"},
        {"config = x\n", "scan --config @", ":1: --config cannot stand in a file"},
        {"--threads = 3\n", "scan --config @", ":1: is no 'name = value'"},
        {"[scan]\n", "scan --config @", ":1: is no 'name = value'"},
        {"ipv4-only\n", "scan --config @ -6", "exclude each other"},
        {"", "scan --config @ --config @", "names two files"},
        {"", "scan --config /nowhere/x", "--config /nowhere/x: No such file"},
        {"", "scan --config /tmp", "--config /tmp: "},
        {"", "scan --config", "needs a value"},
        {"", "explain --config @ x", "option --config of mxcensus scan"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_assert_eq(read_with(&o, cases[i].text, cases[i].line, &why), OPTIONS_BAD, "%s",
                     cases[i].text);
        buf_put_char(&why, '\0');
        cr_assert_not_null(strstr((const char *)why.at, cases[i].said), "%s", (const char *)why.at);
        forget(&o, &why);
        buf_deinit(&why);
    }
    (void)unlink(config_path(""));
}

Test(config, the_last_of_two_lines_counts_and_both_are_named)
{
    static struct options o;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    static const char text[] = "\xef\xbb\xbfthreads = 3\nquiet = yes\nname-servers = 192.0.2.1\n"
                               "threads = 4\nquiet = no\nname-servers = 192.0.2.2\n";
    cr_assert_eq(read_with(&o, text, "scan --config @", &why), OPTIONS_RUN, "%.*s", (int)why.len,
                 (const char *)why.at);
    cr_assert_eq(o.params.threads, 4);
    cr_assert_not(o.params.quiet);
    cr_assert_eq(o.params.name_server_count, 2);
    struct buf *notices = &o.config.notices;
    char said[512];
    (void)snprintf(said, sizeof(said),
                   "%s:4: threads is set again: what line 1 says does not count\n"
                   "%s:5: quiet is set again: what line 2 says does not count\n",
                   config_path(text), config_path(text));
    cr_assert(span_eq(buf_span(notices), span_of(said)), "%.*s", (int)notices->len,
              (const char *)notices->at);
    cr_assert_eq(o.params.argc, 5); /* each value once */
    forget(&o, &why);

    /* Neither counts where the command line gives it. */
    cr_assert_eq(read_with(&o, text, "scan --config @ -q --threads 5", &why), OPTIONS_RUN);
    cr_assert(o.params.threads == 5 && o.params.quiet && o.config.notices.len == 0);
    forget(&o, &why);
    (void)unlink(config_path(""));
    buf_deinit(&why);
}

Test(config, a_message_names_the_line_of_a_value)
{
    static struct options o;
    static const char text[] = "input-file = lists/a.csv\nroot-cas = mine=/r/a.pem\n"
                               "root-cas = /r/b.pem\noutput = out\nthreads = 3\ntls-timeout = 9\n";
    static const struct {
        const char *message;
        unsigned line; /* 0: none */
        bool first;    /* also where it has to begin with the option */
    } cases[] = {
        {"--root-cas /r/a.pem: No such file", 2, true},
        {"--root-cas /r/b.pem: No such file", 3, true},
        {"--root-cas has more than 8 values", 3, true},
        {"only 9 files can be open, but --threads 3 needs more than 20", 5, false},
        {"--resume takes all from its directory: not allowed with it: --output", 4, false},
        {"lists/a.csv: has no line with a domain", 1, false},
        {"out/manifest.json: Is a directory", 4, false},
        {"use directory out: Directory not empty", 4, false},
        {"outer: Is a directory", 0, false},
        {"time is out", 0, false},
        {"it ran out of time", 0, false},
        {"use directory /out: Directory not empty", 0, false},
        {"lists/a.csv", 0, false},
        {"--threads-more 3", 0, false},
        {"x--threads 3", 0, false},
        {"--dns-timeout 3", 0, false},
        {"", 0, false},
    };
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert_eq(read_with(&o, text, "scan --config @", &why), OPTIONS_RUN, "%.*s", (int)why.len,
                 (const char *)why.at);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int first = 0; first < 2; first++) {
            char want[256] = "";
            buf_reset(&why);
            buf_put_text(&why, cases[i].message);
            (first ? config_words_put_origin_first : config_words_put_origin)(&o, &why);
            if (cases[i].line > 0 && (!first || cases[i].first)) {
                (void)snprintf(want, sizeof(want), "%s:%u: ", o.config_path, cases[i].line);
            }
            strcat(want, cases[i].message);
            cr_assert(span_eq(buf_span(&why), span_of(want)), "%.*s", (int)why.len,
                      (const char *)why.at);
        }
    }
    forget(&o, &why);
    (void)unlink(config_path(""));
    buf_deinit(&why);
}
