#include "tests/unit/owners/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#define LINE_LEN 1000
#define SAID_LEN 8192

struct scenario {
    char name[LINE_LEN];
    char event[LINE_LEN];
    char want[SAID_LEN];
    int line;
    size_t count;
};

static char said[SAID_LEN];

void say(const char *format, ...)
{
    size_t len = strlen(said);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(said + len, sizeof(said) - len, format, arguments);
    va_end(arguments);
}

/* They stay in `line`. */
static size_t split_words(char *line, char *word[SCENARIO_WORDS_MAX])
{
    size_t count = 0;
    while (*line != '\0' && count < SCENARIO_WORDS_MAX) {
        char end = *line == '"' ? '"' : ' ';
        line += end == '"';
        word[count++] = line;
        line += strcspn(line, end == '"' ? "\"" : " ");
        while (*line == end || *line == ' ') {
            *line++ = '\0';
        }
    }
    return count;
}

static void check_event(const struct scenario_form *form, void *world, struct scenario *s)
{
    char text[LINE_LEN];
    char *word[SCENARIO_WORDS_MAX];
    if (s->event[0] == '\0') {
        return;
    }
    said[0] = '\0';
    (void)snprintf(text, sizeof(text), "%s", s->event);
    size_t count = split_words(text, word);
    form->event(world, word, count);
    cr_expect_str_eq(said, s->want, "%s, line %d, %s:\n%sinstead of\n%s", s->name, s->line,
                     s->event, said, s->want);
    s->event[0] = s->want[0] = '\0';
}

static void end_scenario(const struct scenario_form *form, void *world, struct scenario *s)
{
    check_event(form, world, s);
    if (s->name[0] != '\0') {
        form->deinit(world);
    }
}

size_t scenarios_run(const struct scenario_form *form, void *world)
{
    static struct scenario s;
    char line[LINE_LEN];
    (void)snprintf(line, sizeof(line), SOURCE_ROOT "/tests/unit/owners/%s", form->file);
    FILE *file = fopen(line, "r");
    cr_assert_not_null(file, "%s", line);
    s = (struct scenario){.count = 0};
    for (int number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }
        if (line[0] == ' ') {
            size_t len = strlen(s.want);
            (void)snprintf(s.want + len, sizeof(s.want) - len, "%s\n", line);
        } else if (strncmp(line, "scenario ", 9) == 0) {
            end_scenario(form, world, &s);
            (void)snprintf(s.name, sizeof(s.name), "%s", line + 9);
            s.count++;
            form->init(world);
        } else {
            check_event(form, world, &s);
            (void)snprintf(s.event, sizeof(s.event), "%s", line);
            s.line = number;
        }
    }
    end_scenario(form, world, &s);
    (void)fclose(file);
    return s.count;
}
