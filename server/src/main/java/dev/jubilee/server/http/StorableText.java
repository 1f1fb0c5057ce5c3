package dev.jubilee.server.http;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What PostgreSQL keeps of JSON: no U+0000 and no half of a surrogate pair, in no text and no name.
 *
 * <p>JSON can say either by an escape only, as the body itself is UTF-8. The escapes are rare, and
 * are looked for before anything else is.
 */
final class StorableText {
    static final String NUL = "must not contain the character U+0000";
    static final String HALF_PAIR = "must be well-formed text, has half a surrogate pair";

    private StorableText() {}

    /** The first text or name of the body that cannot be kept; null when all can. */
    static Problem.@Nullable FieldError fault(byte[] body, JsonNode parsed) {
        return mayBeAtFault(body) ? fault("", parsed) : null;
    }

    /** What is wrong with the text, in words; null when nothing is. */
    static @Nullable String fault(String text) {
        int point;
        for (int i = 0; i < text.length(); i += Character.charCount(point)) {
            point = text.codePointAt(i);
            if (point == 0) {
                return NUL;
            }
            if (Character.getType(point) == Character.SURROGATE) {
                return HALF_PAIR;
            }
        }
        return null;
    }

    private static boolean mayBeAtFault(byte[] body) {
        for (int i = 0; i + 5 < body.length; i++) {
            if (body[i] == '\\' && body[i + 1] == 'u') {
                byte first = body[i + 2];
                boolean surrogate = first == 'd' || first == 'D';
                boolean nul = first == '0' && body[i + 3] == '0' && body[i + 4] == '0';
                if (surrogate || nul) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Problem.@Nullable FieldError fault(String path, JsonNode node) {
        if (node.isString()) {
            String fault = fault(node.stringValue());
            return fault == null ? null : new Problem.FieldError(path, fault);
        }
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            String fault = fault(field.getKey());
            Problem.FieldError found =
                    fault == null
                            ? fault(below(path, field.getKey()), field.getValue())
                            : new Problem.FieldError(path, "has a name that " + fault);
            if (found != null) {
                return found;
            }
        }
        for (int i = 0; node.isArray() && i < node.size(); i++) {
            Problem.FieldError found = fault(path + "[" + i + "]", node.get(i));
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private static String below(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
