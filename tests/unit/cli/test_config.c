#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

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
    buf_deinit(&o->config_text);
    buf_deinit(&o->config_words);
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
        {"\n# x\nthreads = many\n", "scan --config @", "line 3: --threads 'many' is not"},
        {"thread = 3\n", "scan --config @", "line 1: no command knows the option --thread, did"},
        {"zzz = 3\n", "scan --config @", "line 1: no command knows the option --zzz"},
        {"threads\n", "scan --config @", "line 1: --threads needs a value: threads = N"},
        {"threads =\n", "scan --config @", "line 1: --threads has an empty value"},
        {"quiet = perhaps\n", "scan --config @", "line 1: --quiet is a flag: it takes yes or no"},
        {"help\n", "scan --config @", "line 1: --help cannot stand in a file"},
        {"config = x\n", "scan --config @", "line 1: --config cannot stand in a file"},
        {"--threads = 3\n", "scan --config @", "line 1: is no 'name = value'"},
        {"[scan]\n", "scan --config @", "line 1: is no 'name = value'"},
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
