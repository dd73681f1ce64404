/* What it costs to read rows once, for commands that read results to be held against: each line of the NDJSON files
 * through jansson, a parser that many programs use, and nothing kept. With --lines, ends of lines are looked for alone. */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static size_t read_rows(const char *path, bool parse)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    char *line = NULL;
    size_t capacity = 0;
    size_t rows = 0;
    ssize_t len;
    while ((len = getline(&line, &capacity, file)) > 0) {
        json_error_t error;
        json_t *row = parse ? json_loadb(line, (size_t)len, 0, &error) : NULL;
        if (parse && row == NULL) {
            (void)fprintf(stderr, "%s: row %zu: %s\n", path, rows + 1, error.text);
            exit(EXIT_FAILURE);
        }
        json_decref(row);
        rows++;
    }
    free(line);
    (void)fclose(file);
    return rows;
}

int main(int argc, char **argv)
{
    bool parse = !(argc > 1 && strcmp(argv[1], "--lines") == 0);
    for (int i = parse ? 1 : 2; i < argc; i++) {
        (void)printf("%zu rows of %s\n", read_rows(argv[i], parse), argv[i]);
    }
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
