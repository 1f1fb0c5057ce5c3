package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.Receiver.Reply;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.testing.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ends the program by {@code kill -9} while it delivers: what was acknowledged is delivered. */
class DeliveryKillTest {
    private static final int EVENTS = 300;

    private String key = "";

    @TempDir Path folder;

    @Test
    void everyAcknowledgedEventIsDeliveredAlthoughTheProgramIsKilledMeanwhile() throws Exception {
        Path home = folder.resolve("home");
        AtomicInteger answers = new AtomicInteger();
        Set<String> published = new HashSet<>();
        Set<String> delivered = ConcurrentHashMap.newKeySet();
        CountDownLatch killed = new CountDownLatch(1);
        try (Receiver receiver = new Receiver()) {
            // Some fail the first time, so that retries are under way when the program is killed.
            receiver.behaviour =
                    request -> {
                        boolean held = killed.getCount() > 0 && isHeld(request);
                        if (held) {
                            killed.await();
                        }
                        boolean fails = held || answers.incrementAndGet() % 7 == 0;
                        if (!fails) {
                            delivered.add(request.eventId());
                        }
                        return Reply.of(fails ? 500 : 200);
                    };
            Program program = start(home);
            try {
                post(program, "/topics", Map.of("name", "game.events", "partitions", 3));
                post(
                        program,
                        "/subscriptions",
                        Map.of(
                                "service_name",
                                "s",
                                "method",
                                "webhook",
                                "topic_pattern",
                                "game.*",
                                "endpoint",
                                receiver.url(),
                                "rate_limit_per_min",
                                0,
                                "max_retries",
                                20,
                                "retry_delay",
                                1));
                for (int i = 0; i < EVENTS; i++) {
                    published.add(publish(program, i));
                }
                Await.until("it delivers", () -> receiver.received.size() > 20);
                program.kill();
                killed.countDown();
                program = start(home);
                for (int i = 0; i < 20; i++) {
                    published.add(publish(program, EVENTS + i));
                }
                Await.until(
                        "all came", Duration.ofMinutes(2), () -> delivered.containsAll(published));
                assertThat(receiver.eventIds()).allMatch(published::contains);
            } finally {
                program.close();
            }
        }
    }

    private Program start(Path home) throws Exception {
        Program program = Program.start(home).ready();
        Await.until("it names its bus", () -> program.bus().getPort() > 0);
        key = Files.readString(home.resolve("admin.key")).strip();
        return program;
    }

    /** Whether it has the one key whose events wait until the program was killed. */
    private static boolean isHeld(Receiver.Received request) {
        return request.json().path("partitionkey").asString("").equals("k0");
    }

    private String publish(Program program, int n) throws Exception {
        return Json.tree(
                        post(
                                program,
                                "/events/publish",
                                Map.of(
                                        "event_type", "game.kill",
                                        "topic", "game.events",
                                        "source", "/test",
                                        "key", "k" + n % 9,
                                        "payload", Map.of("n", n))))
                .path("event_id")
                .stringValue();
    }

    private String post(Program program, String path, Map<String, Object> body) throws Exception {
        return program.postToBus(key, path, body);
    }
}
