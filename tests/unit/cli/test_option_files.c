#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/cli/option_files.h"
#include "scanner/cli/option_table.h"

/* What a command needs besides. */
static const char *word_of(enum command c)
{
    switch (c) {
    case COMMAND_SHOW:
    case COMMAND_REPORT:
    case COMMAND_ANALYZE:
    case COMMAND_MERGE:
    case COMMAND_DIFF:
        return "results";
    case COMMAND_CHECK:
        return "example.org";
    case COMMAND_FEED:
        return "/dev/null";
    case COMMAND_WORK:
    case COMMAND_COLLECT:
    case COMMAND_SCAN:
    case COMMAND_EXPLAIN:
    case COMMAND_PROBING_TXT:
    case COMMAND_SCHEMA:
    case COMMAND_COUNT:
        break;
    }
    return NULL;
}

/* @return false with what is said in `why` */
static bool usable(enum command c, const char *name, const char *value, struct buf *why)
{
    static struct options o; /* large */
    char option[64];
    (void)snprintf(option, sizeof(option), "--%s", name);
    char *argv[] = {(char *)(uintptr_t) "mxcensus",
                    (char *)(uintptr_t)command_info(c)->word,
                    option,
                    (char *)(uintptr_t)value,
                    NULL,
                    NULL,
                    NULL,
                    NULL,
                    NULL};
    int argc = 4;
    if (word_of(c) != NULL) {
        argv[argc++] = (char *)(uintptr_t)word_of(c);
    }
    if (c == COMMAND_MERGE || c == COMMAND_COLLECT) {
        argv[argc++] = (char *)(uintptr_t) "-oresults";
    }
    if (c == COMMAND_FEED || c == COMMAND_WORK || c == COMMAND_COLLECT) {
        argv[argc++] = (char *)(uintptr_t) "--brokers=broker";
        argv[argc++] = (char *)(uintptr_t) "--scan=night";
    }
    /* --config is read with the command line. */
    bool good = options_read(&o, argc, argv, why) == OPTIONS_RUN && option_files_usable(&o, why);
    buf_put_char(why, '\0');
    return good;
}

static void is_refused(enum command c, const char *name, const char *value, const char *path,
                       const char *reason)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    char begin[256];
    (void)snprintf(begin, sizeof(begin), "--%s %s: %s; give ", name, path, reason);
    cr_expect(!usable(c, name, value, &why), "%s --%s %s", command_info(c)->word, name, value);
    cr_expect(strncmp((const char *)why.at, begin, strlen(begin)) == 0, "%s --%s: %s",
              command_info(c)->word, name, (const char *)why.at);
    buf_deinit(&why);
}

/* Over the table: an option with a FILE that nothing is said about fails here. */
Test(option_files, every_option_with_a_file_names_it_with_reason_and_advice)
{
    size_t options = 0;
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        if (row->argument == NULL || strstr(row->argument, "FILE") == NULL) {
            continue;
        }
        for (enum command c = 0; c < COMMAND_COUNT; c++) {
            if (option_is_of(row, c)) {
                options++;
                is_refused(c, row->name, "/nonexistent/x", "/nonexistent/x",
                           "No such file or directory");
                is_refused(c, row->name, "/tmp", "/tmp", "Is a directory");
            }
        }
    }
    cr_expect_geq(options, 13);
}

Test(option_files, what_is_no_path_is_passed_over)
{
    static const struct {
        enum command command;
        const char *name;
        const char *value;
    } cases[] = {
        {COMMAND_SCAN, "input-file", "-"},       {COMMAND_EXPLAIN, "log", "-"},
        {COMMAND_SCAN, "root-cas", "system"},    {COMMAND_SCAN, "root-cas", "mine=system"},
        {COMMAND_SCAN, "log-file", "/dev/null"}, {COMMAND_SCAN, "input-file", "/dev/null"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_expect(usable(cases[i].command, cases[i].name, cases[i].value, &why), "%s: %.*s",
                  cases[i].name, (int)why.len, (const char *)why.at);
        buf_deinit(&why);
    }
    is_refused(COMMAND_SCAN, "root-cas", "mine=/nonexistent/x", "/nonexistent/x",
               "No such file or directory");
}

Test(option_files, options_without_a_file_are_nothing_to_look_at)
{
    static struct options o;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    char *argv[] = {(char *)(uintptr_t) "mxcensus", (char *)(uintptr_t) "scan",
                    (char *)(uintptr_t) "--ipv4-only", (char *)(uintptr_t) "-q", NULL};
    cr_assert_eq(options_read(&o, 4, argv, &why), OPTIONS_RUN);
    cr_expect(option_files_usable(&o, &why));
    buf_deinit(&why);
}

Test(option_files, what_is_written_need_not_be_there)
{
    static const char *const names[] = {"log-file", "status-updates-file", "metrics-file",
                                        "memory"};
    char folder[] = "/tmp/option_files_XXXXXX";
    char path[sizeof(folder) + 2];
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/x", folder);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_expect(usable(COMMAND_SCAN, names[i], path, &why), "%s: %.*s", names[i], (int)why.len,
                  (const char *)why.at);
        buf_deinit(&why);
    }
    cr_assert_eq(access(path, F_OK), -1, "nothing is made by looking");
    cr_assert_eq(rmdir(folder), 0);
}
