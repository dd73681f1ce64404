#include "scanner/cli/completion.h"

#include "scanner/cli/option_readers.h"

/** What can be offered for a value. */
enum value_kind {
    VALUE_NONE, /* a flag */
    VALUE_ANY,  /* nothing is offered */
    VALUE_WORD, /* one of option_words() */
    VALUE_WORDS,
    VALUE_FILE,
    VALUE_DIRECTORY,
};

static enum value_kind value_kind_of(const struct option_row *row)
{
    if (row->argument == NULL) {
        return VALUE_NONE;
    }
    if (option_words(row) != NULL) {
        return strcmp(row->argument, "LIST") == 0 ? VALUE_WORDS : VALUE_WORD;
    }
    if (strcmp(row->argument, "DIR") == 0 || strcmp(row->argument, "OLD") == 0) {
        return VALUE_DIRECTORY;
    }
    return span_ends_with(span_of(row->argument), SPAN_LIT("FILE")) ? VALUE_FILE : VALUE_ANY;
}

/** What stands beside the options: see COMMANDS. */
static enum value_kind words_kind_of(enum command c)
{
    const char *arguments = command_info(c)->arguments;
    if (c == COMMAND_EXPLAIN) {
        return VALUE_WORD;
    }
    if (strstr(arguments, "RESULTS") != NULL || strstr(arguments, "OLD") != NULL) {
        return VALUE_DIRECTORY;
    }
    return strstr(arguments, "FILE") != NULL ? VALUE_FILE : VALUE_ANY;
}

static void put_option_words(struct buf *b, const struct option_row *row)
{
    const struct vocabulary *words = option_words(row);
    const char *between = "";
    for (unsigned i = 0; i < words->count; i++) {
        if (vocabulary_has_word(words, i)) {
            buf_putf(b, "%s%s", between, words->words[i].word);
            between = " ";
        }
    }
}

static void put_finding_codes(struct buf *b)
{
    for (enum finding_code code = 0; code < FINDING_COUNT; code++) {
        buf_putf(b, "%s%s", code > 0 ? " " : "", finding_info(code)->code);
    }
}

/** Inside single quotes, with a backslash in front of what is in `special`. */
static void put_quoted(struct buf *b, const char *text, const char *special)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'') {
            buf_put_text(b, "'\\''");
        } else {
            buf_put_text(b, strchr(special, *at) != NULL ? "\\" : "");
            buf_put_char(b, *at);
        }
    }
}

/* --- bash ----------------------------------------------------------------------------------- */

static void bash_put_value(struct buf *b, const struct option_row *row, enum command c)
{
    enum value_kind kind = value_kind_of(row);
    const char *word = command_info(c)->word;
    if (kind == VALUE_NONE) {
        return;
    }
    buf_putf(b, "    %s:--%s", word, row->name);
    if (row->letter != 0) {
        buf_putf(b, " | %s:-%c", word, row->letter);
    }
    buf_put_text(b, ") ");
    switch (kind) {
    case VALUE_WORD:
    case VALUE_WORDS:
        buf_putf(b, "kind=%s words='", kind == VALUE_WORD ? "word" : "list");
        put_option_words(b, row);
        buf_put_text(b, "'");
        break;
    case VALUE_FILE:
        buf_put_text(b, "kind=file");
        break;
    case VALUE_DIRECTORY:
        buf_put_text(b, "kind=directory");
        break;
    case VALUE_NONE:
    case VALUE_ANY:
        buf_put_text(b, "kind=any");
        break;
    }
    buf_put_text(b, " ;;\n");
}

static void bash_put_command(struct buf *b, enum command c)
{
    static const char *const kinds[] = {
        [VALUE_NONE] = "any",   [VALUE_ANY] = "any",   [VALUE_WORD] = "code",
        [VALUE_WORDS] = "code", [VALUE_FILE] = "file", [VALUE_DIRECTORY] = "directory",
    };
    buf_putf(b, "    %s)\n        kind=%s\n        options='", command_info(c)->word,
             kinds[words_kind_of(c)]);
    const char *between = "";
    for (size_t i = 0; i < option_table_count; i++) {
        if (option_is_of(&option_table[i], c)) {
            buf_putf(b, "%s--%s", between, option_table[i].name);
            between = " ";
        }
    }
    buf_put_text(b, "'\n        ;;\n");
}

static void bash_put(struct buf *b)
{
    buf_put_text(b, "# bash completion for mxcensus, made from its option table\n"
                    "_mxcensus()\n"
                    "{\n"
                    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
                    "    local command=${COMP_WORDS[1]} kind=any options= words= head=\n"
                    "    COMPREPLY=()\n"
                    "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
                    "        mapfile -t COMPREPLY < <(compgen -W '");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        buf_putf(b, "%s ", command_info(c)->word);
    }
    buf_put_text(b,
                 "help --help --version' -- \"$cur\")\n"
                 "        return\n"
                 "    fi\n"
                 "    # An equals sign is a word of its own: --format=csv, --root-cas NAME=FILE.\n"
                 "    if [[ $cur == = ]]; then\n"
                 "        cur=\n"
                 "    elif [[ $prev == = ]]; then\n"
                 "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
                 "        [[ $prev == -* ]] || prev=${COMP_WORDS[COMP_CWORD - 3]}\n"
                 "    fi\n"
                 "    case $command in\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        bash_put_command(b, c);
    }
    buf_put_text(b, "    help) kind=word words='");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        buf_putf(b, "%s%s", c > 0 ? " " : "", command_info(c)->word);
    }
    buf_put_text(b, "' ;;\n"
                    "    esac\n"
                    "    case $command:$prev in\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        for (size_t i = 0; i < option_table_count; i++) {
            if (option_is_of(&option_table[i], c)) {
                bash_put_value(b, &option_table[i], c);
            }
        }
    }
    buf_put_text(b, "    *)\n"
                    "        [[ $cur != -* ]] || kind=word words=$options\n"
                    "        ;;\n"
                    "    esac\n"
                    "    case $kind in\n"
                    "    word) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
                    "    list)\n"
                    "        [[ $cur != *,* ]] || head=${cur%,*},\n"
                    "        mapfile -t COMPREPLY < <(compgen -P \"$head\" -W \"$words\" -- "
                    "\"${cur##*,}\")\n"
                    "        compopt -o nospace 2>/dev/null\n"
                    "        ;;\n"
                    "    file | directory | code)\n"
                    "        compopt -o filenames 2>/dev/null\n"
                    "        if [[ $kind == directory ]]; then\n"
                    "            mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
                    "        else\n"
                    "            mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                    "        fi\n"
                    "        ;;\n"
                    "    esac\n"
                    "    if [[ $kind == code ]]; then\n"
                    "        words='");
    put_finding_codes(b);
    buf_put_text(b, "'\n"
                    "        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W \"$words\" -- "
                    "\"$cur\")\n"
                    "    fi\n"
                    "} && complete -F _mxcensus mxcensus\n");
}

/* --- zsh ------------------------------------------------------------------------------------ */

/** An argument of _arguments: '(-o --output)'{-o,--output=}'[help]:DIR:_files -/' */
static void zsh_put_option(struct buf *b, const struct option_row *row)
{
    enum value_kind kind = value_kind_of(row);
    const char *equals = kind == VALUE_NONE ? "" : "=";
    const char *again = kind == VALUE_NONE ? "" : "*"; /* a list may be given more than once */
    if (row->letter != 0 && kind == VALUE_NONE) {
        buf_putf(b, "            '(-%c --%s)'{-%c,--%s}'", row->letter, row->name, row->letter,
                 row->name);
    } else if (row->letter != 0) {
        buf_putf(b, "            '*'{-%c,--%s=}'", row->letter, row->name);
    } else {
        buf_putf(b, "            '%s--%s%s", again, row->name, equals);
    }
    buf_put_char(b, '[');
    put_quoted(b, row->help, "[]\\");
    buf_put_char(b, ']');
    if (kind != VALUE_NONE) {
        buf_put_char(b, ':');
        put_quoted(b, row->argument, ":\\");
        buf_put_char(b, ':');
    }
    switch (kind) {
    case VALUE_WORD:
        buf_put_char(b, '(');
        put_option_words(b, row);
        buf_put_char(b, ')');
        break;
    case VALUE_WORDS:
        buf_put_text(b, "_values -s , LIST ");
        put_option_words(b, row);
        break;
    case VALUE_FILE:
        buf_put_text(b, "_files");
        break;
    case VALUE_DIRECTORY:
        buf_put_text(b, "_files -/");
        break;
    case VALUE_NONE:
    case VALUE_ANY:
        break;
    }
    buf_put_text(b, "' \\\n");
}

static void zsh_put_command(struct buf *b, enum command c)
{
    buf_putf(b, "        (%s)\n            _arguments -s -S \\\n", command_info(c)->word);
    for (size_t i = 0; i < option_table_count; i++) {
        if (option_is_of(&option_table[i], c)) {
            zsh_put_option(b, &option_table[i]);
        }
    }
    buf_put_text(b, "            '*:");
    put_quoted(b, command_info(c)->arguments, ":\\");
    buf_put_char(b, ':');
    switch (words_kind_of(c)) {
    case VALUE_FILE:
        buf_put_text(b, "_files");
        break;
    case VALUE_DIRECTORY:
        buf_put_text(b, "_files -/");
        break;
    case VALUE_WORD:
    case VALUE_WORDS:
        buf_put_text(b, "_mxcensus_names");
        break;
    case VALUE_NONE:
    case VALUE_ANY:
        break;
    }
    buf_put_text(b, "'\n            ;;\n");
}

static void zsh_put(struct buf *b)
{
    buf_put_text(b, "#compdef mxcensus\n"
                    "# zsh completion for mxcensus, made from its option table\n"
                    "\n"
                    "_mxcensus_names() {\n"
                    "    local -a codes=(");
    put_finding_codes(b);
    buf_put_text(b, ")\n"
                    "    _alternative 'codes:finding:compadd -a codes' 'files:file:_files'\n"
                    "}\n"
                    "\n"
                    "_mxcensus() {\n"
                    "    local curcontext=$curcontext state line\n"
                    "    typeset -A opt_args\n"
                    "    local -a commands=(\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        buf_putf(b, "        '%s:", command_info(c)->word);
        put_quoted(b, command_info(c)->help, ":\\");
        buf_put_text(b, "'\n");
    }
    buf_put_text(b, "        'help:show the options of a command'\n"
                    "    )\n"
                    "    _arguments -C '(- *)'{-h,--help}'[show this help]' \\\n"
                    "        '(- *)'{-V,--version}'[show the version]' \\\n"
                    "        '1:command:->command' '*::argument:->argument' && return\n"
                    "    case $state in\n"
                    "    (command) _describe -t commands command commands ;;\n"
                    "    (argument)\n"
                    "        case $words[1] in\n"
                    "        (help) _describe -t commands command commands ;;\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        zsh_put_command(b, c);
    }
    buf_put_text(b, "        esac\n"
                    "        ;;\n"
                    "    esac\n"
                    "}\n"
                    "\n"
                    "_mxcensus \"$@\"\n");
}

/* --- fish ----------------------------------------------------------------------------------- */

static void fish_put_option(struct buf *b, const struct option_row *row, enum command c)
{
    enum value_kind kind = value_kind_of(row);
    buf_putf(b, "complete -c mxcensus -n '__mxcensus_is %s' -l %s", command_info(c)->word,
             row->name);
    if (row->letter != 0) {
        buf_putf(b, " -s %c", row->letter);
    }
    switch (kind) {
    case VALUE_WORD:
        buf_put_text(b, " -x -a '");
        put_option_words(b, row);
        buf_put_text(b, "'");
        break;
    case VALUE_WORDS:
        buf_put_text(b, " -x -a '(__fish_append , ");
        put_option_words(b, row);
        buf_put_text(b, ")'");
        break;
    case VALUE_FILE:
        buf_put_text(b, " -r -F");
        break;
    case VALUE_DIRECTORY:
        buf_put_text(b, " -x -a '(__fish_complete_directories)'");
        break;
    case VALUE_ANY:
        buf_put_text(b, " -x");
        break;
    case VALUE_NONE:
        buf_put_text(b, " -f");
        break;
    }
    buf_put_text(b, " -d '");
    for (const char *at = row->help; *at != '\0'; at++) {
        buf_put_text(b, *at == '\'' || *at == '\\' ? "\\" : "");
        buf_put_char(b, *at);
    }
    buf_put_text(b, "'\n");
}

static void fish_put_words(struct buf *b, enum command c)
{
    buf_putf(b, "complete -c mxcensus -n '__mxcensus_is %s'", command_info(c)->word);
    switch (words_kind_of(c)) {
    case VALUE_FILE:
        buf_put_text(b, " -F\n");
        break;
    case VALUE_DIRECTORY:
        buf_put_text(b, " -f -a '(__fish_complete_directories)'\n");
        break;
    case VALUE_WORD:
    case VALUE_WORDS:
        buf_put_text(b, " -F -a '");
        put_finding_codes(b);
        buf_put_text(b, "'\n");
        break;
    case VALUE_NONE:
    case VALUE_ANY:
        buf_put_text(b, " -f\n");
        break;
    }
}

static void fish_put(struct buf *b)
{
    buf_put_text(b,
                 "# fish completion for mxcensus, made from its option table\n"
                 "function __mxcensus_is\n"
                 "    set -l words (commandline -opc)\n"
                 "    test (count $words) -ge 2; and test \"$words[2]\" = \"$argv[1]\"\n"
                 "end\n"
                 "function __mxcensus_begins\n"
                 "    test (count (commandline -opc)) -eq 1\n"
                 "end\n"
                 "complete -c mxcensus -n __mxcensus_begins -f -l help -s h -d 'show this help'\n"
                 "complete -c mxcensus -n __mxcensus_begins -f -l version -s V -d 'show the "
                 "version'\n"
                 "complete -c mxcensus -n __mxcensus_begins -f -a help -d 'show the options of "
                 "a command'\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        buf_putf(b, "complete -c mxcensus -n __mxcensus_begins -f -a %s -d '%s'\n",
                 command_info(c)->word, command_info(c)->help);
        buf_putf(b, "complete -c mxcensus -n '__mxcensus_is help' -f -a %s\n",
                 command_info(c)->word);
    }
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        fish_put_words(b, c);
        for (size_t i = 0; i < option_table_count; i++) {
            if (option_is_of(&option_table[i], c)) {
                fish_put_option(b, &option_table[i], c);
            }
        }
    }
}

bool completion_put(struct buf *b, const char *shell)
{
    if (strcmp(shell, "bash") == 0) {
        bash_put(b);
    } else if (strcmp(shell, "zsh") == 0) {
        zsh_put(b);
    } else if (strcmp(shell, "fish") == 0) {
        fish_put(b);
    } else {
        return false;
    }
    return true;
}
