#include "scanner/cli/config_file.h"

static bool config_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct span config_without_blanks(struct span s)
{
    while (s.len > 0 && config_is_blank(s.at[0])) {
        s = span_drop(s, 1);
    }
    while (s.len > 0 && config_is_blank(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

static bool config_is_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool letter = (s.at[i] >= 'a' && s.at[i] <= 'z') || ascii_is_digit(s.at[i]);
        if (!letter && (s.at[i] != '-' || i == 0)) {
            return false;
        }
    }
    return s.len > 0;
}

static bool config_split_line(struct span text, struct config_line *line, struct buf *why)
{
    const uint8_t *equals = memchr(text.at, '=', text.len);
    size_t len = equals != NULL ? (size_t)(equals - text.at) : text.len;
    line->name = config_without_blanks(span_take(text, len));
    line->has_value = equals != NULL;
    line->value =
        equals != NULL ? config_without_blanks(span_drop(text, len + 1)) : (struct span){0};
    if (!config_is_name(line->name)) {
        buf_put_text(why, "is no 'name = value' with the name of an option without its hyphens");
        return false;
    }
    if (equals != NULL && line->value.len == 0) {
        buf_put_text(why, "--");
        buf_put(why, line->name);
        buf_put_text(why, " has an empty value");
        return false;
    }
    return true;
}

enum config_step config_file_next(struct span *rest, struct config_line *line, struct buf *why)
{
    while (rest->len > 0) {
        const uint8_t *end = memchr(rest->at, '\n', rest->len);
        size_t len = end != NULL ? (size_t)(end - rest->at) : rest->len;
        struct span text = config_without_blanks(span_take(*rest, len));
        *rest = span_drop(*rest, end != NULL ? len + 1 : len);
        line->number++;
        if (text.len > 0 && memchr(text.at, '\0', text.len) != NULL) {
            buf_put_text(why, "has a NUL octet: this is no text file");
            return CONFIG_BAD;
        }
        if (text.len > 0 && text.at[0] != '#') {
            return config_split_line(text, line, why) ? CONFIG_LINE : CONFIG_BAD;
        }
    }
    return CONFIG_END;
}
