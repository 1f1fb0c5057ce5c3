package dev.jubilee.events.postgres.store;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.Priority;
import dev.jubilee.events.Rfc3339;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What of an envelope has no column of its own, as the text of a flat JSON object; null when all of
 * it is the default. Written by hand, so that the store needs no JSON library.
 */
final class Attributes {
    private static final String EXTENSION = "ext.";
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private Attributes() {}

    static @Nullable String of(Envelope event) {
        StringBuilder json = null;
        if (event.partitionKey() != null) {
            json = put(json, "partitionkey", event.partitionKey());
        }
        if (event.acceptedAt() != null) {
            json = put(json, "acceptedat", Rfc3339.text(event.acceptedAt()));
        }
        if (!event.contentType().equals(Envelope.JSON)) {
            json = put(json, "datacontenttype", event.contentType());
        }
        if (event.priority() != Priority.NORMAL) {
            json = put(json, "priority", event.priority().wireName());
        }
        if (!event.replayable()) {
            json = put(json, "replayable", "false");
        }
        if (event.idOrigin() != IdOrigin.CLIENT) {
            json = put(json, "idorigin", event.idOrigin().name());
        }
        for (Map.Entry<String, String> extension : event.extensions().entrySet()) {
            json = put(json, EXTENSION + extension.getKey(), extension.getValue());
        }
        return json == null ? null : json.append('}').toString();
    }

    /** Gives an envelope under construction its data and what is written there. */
    static void apply(@Nullable String json, byte[] data, Envelope.Builder event) {
        event.json(data);
        if (json == null) {
            return;
        }
        Map<String, String> extensions = new HashMap<>();
        Reader reader = new Reader(json);
        while (reader.hasNext()) {
            String name = reader.text();
            String value = reader.text();
            switch (name) {
                case "partitionkey" -> event.partitionKey(value);
                case "datacontenttype" -> event.data(value, data);
                case "acceptedat" -> event.acceptedAt(Rfc3339.parse(value));
                case "priority" -> event.priority(Priority.of(value));
                case "replayable" -> event.replayable(Boolean.parseBoolean(value));
                case "idorigin" -> event.idOrigin(IdOrigin.valueOf(value));
                default -> {
                    if (name.startsWith(EXTENSION)) {
                        extensions.put(name.substring(EXTENSION.length()), value);
                    }
                }
            }
        }
        event.extensions(extensions);
    }

    private static StringBuilder put(@Nullable StringBuilder begun, String name, String value) {
        StringBuilder json = begun == null ? new StringBuilder(128).append('{') : begun.append(',');
        quote(json, name);
        json.append(':');
        quote(json, value);
        return json;
    }

    private static void quote(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ') {
                json.append("\\u00").append(HEX[c >> 4]).append(HEX[c & 15]);
            } else {
                json.append(c);
            }
        }
        json.append('"');
    }

    /** Reads the texts of what {@link #of} wrote, names and values in turn. */
    private static final class Reader {
        private final String json;
        private int at;

        Reader(String json) {
            this.json = json;
            this.at = json.indexOf('"');
        }

        boolean hasNext() {
            return at >= 0;
        }

        String text() {
            int start = at + 1;
            int end = start;
            boolean plain = true;
            while (json.charAt(end) != '"') {
                if (json.charAt(end) == '\\') {
                    plain = false;
                    end++;
                }
                end++;
            }
            at = json.indexOf('"', end + 1);
            String text = json.substring(start, end);
            return plain ? text : unescape(text);
        }

        private static String unescape(String text) {
            StringBuilder plain = new StringBuilder(text.length());
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c != '\\') {
                    plain.append(c);
                } else if (text.charAt(i + 1) == 'u') {
                    plain.append((char) Integer.parseInt(text, i + 2, i + 6, 16));
                    i += 5;
                } else {
                    plain.append(text.charAt(++i));
                }
            }
            return plain.toString();
        }
    }
}
