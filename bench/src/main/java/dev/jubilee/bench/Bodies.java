package dev.jubilee.bench;

import java.util.ArrayList;
import java.util.List;

/** What is published, as JSON. */
final class Bodies {
    /** Events a batch. */
    static final int BATCH = 100;

    private static final int EVENT_BYTES = 350;

    private Bodies() {}

    /** An event of 350 bytes. */
    static String event(String source) {
        return event(
                Stand.TOPIC,
                source,
                "high",
                """
                "match_id":"m-4711","winner":"player456","duration":1800,"map":"Neon_City","mode":"battle_royale"\
                """);
    }

    /**
     * An event of 350 bytes.
     *
     * @param fields of the payload
     */
    static String event(String topic, String source, String priority, String fields) {
        String start =
                """
                {"event_type":"game.match.end","topic":"%s","source":"%s","payload":{%s,"note":"\
                """
                        .formatted(topic, source, fields);
        String end = "\"},\"priority\":\"" + priority + "\",\"is_replayable\":true}";
        int room = Math.max(0, EVENT_BYTES - start.length() - end.length());
        return start + "x".repeat(room) + end;
    }

    /** A kill by a player, without the id that it may get. */
    static String kill(String userId, String source) {
        return """
        {"player_id":"%s","session_id":"session456","action_type":"kill","topic":"%s","game_mode":"battle_royale",\
        "map_name":"Neon_City","action_data":{"weapon":"plasma_rifle","distance":150.5,"headshot":true},\
        "position":{"x":1250.3,"y":890.7,"z":45.2},"server_id":"%s","region":"us-east-1","version":"1.2.3"}\
        """
                .formatted(userId, Stand.TOPIC, source);
    }

    /** Batches of kills, a batch a line, in which every player appears equally often. */
    static List<String> killBatches(List<String> users, String source) {
        List<String> batches = new ArrayList<>();
        for (int from = 0; from + BATCH <= users.size(); from += BATCH) {
            batches.add(
                    "["
                            + String.join(
                                    ",",
                                    users.subList(from, from + BATCH).stream()
                                            .map(user -> kill(user, source))
                                            .toList())
                            + "]");
        }
        return batches;
    }
}
