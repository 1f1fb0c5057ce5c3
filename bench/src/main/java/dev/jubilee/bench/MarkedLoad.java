package dev.jubilee.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Requests whose events carry marks, from this program, whose clock their receivers share. No two
 * requests with the same key are under way at once, so that the order of a key is known.
 *
 * @param topic where to
 * @param slots requests that may be under way at once
 * @param batch events a request, each of a key of its own; one alone is no batch
 */
record MarkedLoad(String topic, int slots, int batch) {
    /** Keys there are. */
    int keys() {
        return slots * batch;
    }

    /** A key as events name it. */
    static String keyName(int key) {
        return "k" + "%05d".formatted(key);
    }

    /** The last digit of the key, by which filters tell ten lanes apart. */
    static String laneName(int key) {
        return "lane" + key % 10;
    }

    String path() {
        return batch == 1 ? "/events/publish" : "/events/publish/batch";
    }

    private String event(String source, Mark mark) {
        return Bodies.event(
                topic,
                source,
                "normal",
                "\"player_id\":\"%s\",\"mark\":\"%s\",\"lane\":\"%s\""
                        .formatted(keyName(mark.key()), mark.text(), laneName(mark.key())));
    }

    /** One event of it, as another program may send it. */
    String sample() {
        return event("bench", new Mark(0, 0, 0, 0));
    }

    /** The requests of one phase. For one thread. */
    Requests requests(int phase, String source) {
        return new Requests(this, phase, source);
    }

    /** Writes the bodies: made once for each slot, and only the marks are written anew. */
    static final class Requests {
        private final int phase;
        private final int batch;
        private final List<byte[]> bodies = new ArrayList<>();
        private final int[] numbers;
        private final int markAt;
        private final int stride;

        private Requests(MarkedLoad load, int phase, String source) {
            this.phase = phase;
            this.batch = load.batch();
            this.numbers = new int[load.slots()];
            int open = batch == 1 ? 0 : 1;
            String first = load.event(source, new Mark(phase, 0, 0, 0));
            this.markAt = open + first.indexOf(new Mark(phase, 0, 0, 0).text());
            this.stride = first.length() + 1;
            for (int slot = 0; slot < load.slots(); slot++) {
                List<String> events = new ArrayList<>();
                for (int i = 0; i < batch; i++) {
                    events.add(load.event(source, new Mark(phase, slot * batch + i, 0, 0)));
                }
                String body = String.join(",", events);
                bodies.add((batch == 1 ? body : "[" + body + "]").getBytes(US_ASCII));
            }
        }

        /** The next body of a slot; to be sent before the next is asked for. */
        byte[] next(int slot, long dueAt) {
            byte[] body = bodies.get(slot).clone();
            int number = numbers[slot]++;
            for (int i = 0; i < batch; i++) {
                new Mark(phase, slot * batch + i, number, dueAt).write(body, markAt + i * stride);
            }
            return body;
        }
    }

    /** A filter that one of ten keys passes. */
    static Map<String, Object> laneFilter(int lane) {
        return Map.of("data", Map.of("lane", List.of(laneName(lane))));
    }
}
