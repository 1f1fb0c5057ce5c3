package dev.jubilee.server.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Percent-encoding, read strictly: what is not UTF-8 is refused rather than replaced. */
final class Percent {
    private Percent() {}

    /**
     * The text behind one segment of a path.
     *
     * @throws ProblemException 400
     */
    static String segment(String raw) {
        return isPlain(raw, false) ? raw : decode(raw, false);
    }

    /**
     * The parameters of a query, in order.
     *
     * @throws ProblemException 400 when it is wrongly encoded, or names a parameter twice
     */
    static Map<String, String> query(String raw) {
        Map<String, String> parameters = new LinkedHashMap<>();
        for (String pair : raw.split("&", -1)) {
            if (pair.isEmpty()) {
                continue;
            }
            int equals = pair.indexOf('=');
            String name = form(equals < 0 ? pair : pair.substring(0, equals));
            String value = equals < 0 ? "" : form(pair.substring(equals + 1));
            if (parameters.putIfAbsent(name, value) != null) {
                throw Problem.malformed("The query names \"" + name + "\" twice.").asException();
            }
        }
        return parameters;
    }

    private static String form(String raw) {
        return isPlain(raw, true) ? raw : decode(raw, true);
    }

    /** Whether each character stands for itself. */
    private static boolean isPlain(String raw, boolean plusIsSpace) {
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c == '%' || c >= 128 || (c == '+' && plusIsSpace)) {
                return false;
            }
        }
        return true;
    }

    private static String decode(String raw, boolean plusIsSpace) {
        byte[] bytes = new byte[raw.length() * 3];
        int length = 0;
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c == '%') {
                bytes[length++] = (byte) hexadecimal(raw, i + 1);
                i += 2;
            } else if (c == '+' && plusIsSpace) {
                bytes[length++] = ' ';
            } else if (c < 128) {
                bytes[length++] = (byte) c;
            } else {
                throw wrong(raw);
            }
        }
        return text(raw, bytes, length);
    }

    private static int hexadecimal(String raw, int at) {
        int high = at < raw.length() ? Character.digit(raw.charAt(at), 16) : -1;
        int low = at + 1 < raw.length() ? Character.digit(raw.charAt(at + 1), 16) : -1;
        if (high < 0 || low < 0) {
            throw wrong(raw);
        }
        return high << 4 | low;
    }

    private static String text(String raw, byte[] bytes, int length) {
        try {
            String text =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes, 0, length))
                            .toString();
            if (text.indexOf('\u0000') >= 0) {
                throw wrong(raw);
            }
            return text;
        } catch (CharacterCodingException e) {
            throw wrong(raw);
        }
    }

    private static ProblemException wrong(String raw) {
        return Problem.malformed("This is not percent-encoded UTF-8 without U+0000: " + raw)
                .asException();
    }
}
