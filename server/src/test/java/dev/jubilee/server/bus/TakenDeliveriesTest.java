package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.http.AnswerMemory;
import dev.jubilee.server.testing.Platform;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class TakenDeliveriesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int ANSWERS = AnswerMemory.SIZE;
    private static final AtomicInteger topics = new AtomicInteger();
    private static BusInstance bus;
    private static BusInstance other;

    @BeforeAll
    static void start() {
        bus = new BusInstance(platform, Map.of());
        other = new BusInstance(platform, Map.of());
    }

    @AfterAll
    static void stop() {
        bus.close();
        other.close();
    }

    @Test
    void whatIsNotAcknowledgedComesAgainAndIsGivenUpInTheEnd() {
        String topic = topic();
        String path = subscribe(topic, ", \"max_retries\": 1, \"ack_deadline\": 10");
        String id = publish(topic, 1);
        JsonNode first = pullUntilSomethingComes(bus, path);
        assertThat(first.get(0).get("event").get("id").stringValue()).isEqualTo(id);
        assertThat(first.get(0).get("attempt").intValue()).isEqualTo(1);
        assertThat(pull(other, path, 0)).isEmpty();

        platform.clock().advance(Duration.ofSeconds(11));
        JsonNode second = pullUntilSomethingComes(other, path);
        assertThat(second.get(0).get("attempt").intValue()).isEqualTo(2);
        platform.clock().advance(Duration.ofSeconds(11));
        assertThat(pull(bus, path, 0)).isEmpty();

        JsonNode letters = bus.get("service", path + "/dead-letters").body();
        assertThat(letters.get("total").intValue()).isEqualTo(1);
        assertThat(letters.get("dead_letters").get(0).get("event_id").stringValue()).isEqualTo(id);
        assertThat(letters.get("dead_letters").get(0).get("reason").stringValue())
                .contains("not acknowledged");
        JsonNode attempts =
                bus.get("service", "/events/" + id + "/deliveries")
                        .body()
                        .at("/deliveries/0/attempts");
        assertThat(attempts)
                .extracting(one ->
                        one.get("attempt_number").intValue()
                                + one.get("status").stringValue()
                                + one.get("is_last_attempt").booleanValue())
                .containsExactly("1failedfalse", "2deadtrue");
        assertThat(attempts.get(0).get("error_message").stringValue()).contains("not acknowledged");
        assertThat(attempts.get(0).has("next_retry_at")).isTrue();
    }

    /** Nothing is acknowledged: what was taken and not answered would be lost. */
    @Test
    void aPullThatCannotBeAnsweredTakesNothing() {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        publishAll(topic, 1, 20_000);
        Await.until("it waits", () -> waiting(path) == 1);
        Await.until("no other answer is on its way", () -> bus.answers.take(null, ANSWERS));
        Answer refused = bus.post("service", path + "/pull", "{\"wait_ms\": 2000}");
        bus.answers.giveBack(null, ANSWERS);

        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.text("code")).isEqualTo("overloaded");
        assertThat(pullUntilSomethingComes(bus, path)).hasSize(1);
        assertThat(pull(bus, path, 0)).isEmpty();
        Await.until("none of its memory is kept", () -> bus.answers.take(null, ANSWERS));
        bus.answers.giveBack(null, ANSWERS);
    }

    @Test
    void whatIsGivenBackOrNotAnsweredForRestsByThePolicyOfItsRetries() {
        String topic = topic();
        String path =
                subscribe(
                        topic,
                        ", \"max_retries\": 5, \"retry_policy\": [5, 100], \"ack_deadline\": 10");
        publish(topic, 1);
        String delivery =
                pullUntilSomethingComes(bus, path).get(0).get("delivery_id").stringValue();
        String all = "{\"delivery_ids\": [\"" + delivery + "\"]}";
        bus.post("service", path + "/nack", all);
        assertThat(pull(bus, path, 0)).isEmpty();
        platform.clock().advance(Duration.ofSeconds(6));
        assertThat(pull(bus, path, 0)).as("after the first pause").hasSize(1);

        bus.post("service", path + "/nack", all);
        platform.clock().advance(Duration.ofSeconds(6));
        assertThat(pull(bus, path, 0)).as("the second is longer").isEmpty();
        platform.clock().advance(Duration.ofSeconds(95));
        assertThat(pull(bus, path, 0)).hasSize(1);

        platform.clock().advance(Duration.ofSeconds(11));
        assertThat(pull(bus, path, 0)).as("nobody answered, and it rests").isEmpty();
        platform.clock().advance(Duration.ofSeconds(101));
        assertThat(pull(bus, path, 0).get(0).get("attempt").intValue()).isEqualTo(4);
    }

    @Test
    void anAcknowledgementEndsItAndIsRecordedAndGivingBackDelaysIt() {
        String topic = topic();
        String path = subscribe(topic, "");
        String id = publish(topic, 1);
        String delivery =
                pullUntilSomethingComes(bus, path).get(0).get("delivery_id").stringValue();
        Answer nacked =
                other.post(
                        "service",
                        path + "/nack",
                        "{\"delivery_ids\": [\"" + delivery + "\"], \"delay\": 60}");
        assertThat(nacked.body().get("nacked").intValue()).isEqualTo(1);
        assertThat(pull(bus, path, 0)).isEmpty();
        platform.clock().advance(Duration.ofSeconds(61));
        assertThat(pull(bus, path, 0)).hasSize(1);
        Answer acked =
                other.post("service", path + "/ack", "{\"delivery_ids\": [\"" + delivery + "\"]}");
        assertThat(acked.body().get("acked").intValue()).isEqualTo(1);
        platform.clock().advance(Duration.ofSeconds(61));
        assertThat(pull(bus, path, 0)).isEmpty();

        JsonNode standing =
                bus.get("service", "/events/" + id + "/deliveries").body().get("deliveries").get(0);
        assertThat(standing.get("status").stringValue()).isEqualTo("delivered");
        assertThat(standing.get("attempts")).hasSize(2);
    }

    @Test
    void twoWhoPullAtOnceGetDifferentEvents() {
        String topic = topic();
        String path = subscribe(topic, "");
        for (int i = 0; i < 6; i++) {
            publish(topic, i);
        }
        List<String> ids = new ArrayList<>();
        Await.until(
                "all were taken",
                () -> {
                    for (BusInstance one : List.of(bus, other)) {
                        pull(one, path, 100)
                                .forEach(e -> ids.add(e.get("event").get("id").stringValue()));
                    }
                    return ids.size() >= 6;
                });
        assertThat(ids).hasSize(6).doesNotHaveDuplicates();
    }

    @Test
    void aStreamBringsWhatIsOwedInOrderFromAnyInstance() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        List<String> ids = new ArrayList<>();
        ids.add(publish(topic, 0));
        try (Reader reader = new Reader(other, path, null)) {
            for (int i = 1; i < 5; i++) {
                ids.add(publish(topic, i));
            }
            Await.untilAsserted("all came", () -> assertThat(reader.events).hasSize(5));
            assertThat(reader.eventIds()).containsExactlyElementsOf(ids);
        }
    }

    @Test
    void aStreamGoesOnAfterTheLastEventThatTheClientNames() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            ids.add(publish(topic, i));
        }
        String second;
        try (Reader reader = new Reader(bus, path, null)) {
            Await.untilAsserted("all came", () -> assertThat(reader.events).hasSize(4));
            second = reader.ids.get(1);
        }
        // The connection broke at once: nothing says that the client has what was under way.
        Await.untilAsserted("nothing is held for the first", () -> assertThat(held(path)).isZero());
        try (Reader reader = new Reader(other, path, second)) {
            Await.untilAsserted("the rest came", () -> assertThat(reader.events).hasSize(2));
            assertThat(reader.eventIds()).containsExactlyElementsOf(ids.subList(2, 4));
        }
    }

    @Test
    void anEventProvesNothingOfWhatItsStreamSentAfterItThoughItsIdIsSmaller() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            ids.add(publish(topic, i));
        }
        Await.untilAsserted("all wait", () -> assertThat(waiting(path)).isEqualTo(3));
        delay(path, ids.get(0), "'2100-01-01'");
        String last;
        try (Reader reader = new Reader(bus, path, null)) {
            Await.untilAsserted("two came", () -> assertThat(reader.events).hasSize(2));
            last = reader.ids.get(1);
            delay(path, ids.get(0), "'2000-01-01'");
            ids.add(publish(topic, 3));
            Await.untilAsserted("the first came", () -> assertThat(reader.events).hasSize(4));
            assertThat(reader.eventIds())
                    .containsExactly(ids.get(1), ids.get(2), ids.get(0), ids.get(3));
        }
        Await.untilAsserted("nothing is held for the first", () -> assertThat(held(path)).isZero());

        try (Reader reader = new Reader(other, path, last)) {
            Await.untilAsserted("the rest came", () -> assertThat(reader.events).hasSize(2));
            assertThat(reader.eventIds()).containsExactly(ids.get(0), ids.get(3));
        }
    }

    @Test
    void anEventProvesNothingOfWhatAnotherStreamSent() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        String earlier = publish(topic, 0);
        try (Reader reader = new Reader(bus, path, null)) {
            Await.untilAsserted("it came", () -> assertThat(reader.events).hasSize(1));
        }
        Await.untilAsserted("nothing is held for it", () -> assertThat(held(path)).isZero());
        delay(path, earlier, "'2100-01-01'");
        String later = publish(topic, 1);
        String last;
        try (Reader reader = new Reader(bus, path, null)) {
            Await.untilAsserted("the next came", () -> assertThat(reader.events).hasSize(1));
            assertThat(reader.eventIds()).containsExactly(later);
            last = reader.ids.getFirst();
        }
        Await.untilAsserted("nothing is held for it", () -> assertThat(held(path)).isZero());

        try (Reader reader = new Reader(other, path, last)) {
            delay(path, earlier, "'2000-01-01'");
            String next = publish(topic, 2);
            Await.untilAsserted("what waited came", () -> assertThat(reader.events).hasSize(2));
            assertThat(reader.eventIds()).containsExactlyInAnyOrder(earlier, next);
        }
    }

    /** A client is often back before anybody has noticed that its connection broke. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whoComesBackWhileItsStreamIsOpenGetsAtOnceWhatItDoesNotHave(boolean atTheSame)
            throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        List<String> ids = new ArrayList<>();
        try (Reader left = new Reader(bus, path, null)) {
            for (int i = 0; i < 4; i++) {
                ids.add(publish(topic, i));
            }
            Await.untilAsserted("all came", () -> assertThat(left.events).hasSize(4));
            try (Reader reader = new Reader(atTheSame ? bus : other, path, left.ids.get(1))) {
                Await.untilAsserted("the rest came", () -> assertThat(reader.events).hasSize(2));
                assertThat(reader.eventIds()).containsExactlyElementsOf(ids.subList(2, 4));
                ids.add(publish(topic, 4));
                Await.untilAsserted("the next came", () -> assertThat(reader.events).hasSize(3));
            }
            assertThat(left.events).as("nothing more goes where nobody reads").hasSize(4);
        }
    }

    @Test
    void aStreamGoesOnAtAnotherInstanceWhenItsOwnHasStopped() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        List<String> ids = new ArrayList<>();
        String second;
        try (BusInstance stopping = new BusInstance(platform, Map.of());
                Reader reader = new Reader(stopping, path, null)) {
            for (int i = 0; i < 4; i++) {
                ids.add(publish(topic, i));
            }
            Await.untilAsserted("all came", () -> assertThat(reader.events).hasSize(4));
            second = reader.ids.get(1);
        }
        Await.untilAsserted("nothing is held for the first", () -> assertThat(held(path)).isZero());

        try (Reader reader = new Reader(bus, path, second)) {
            Await.untilAsserted("the rest came", () -> assertThat(reader.events).hasSize(2));
            assertThat(reader.eventIds()).containsExactlyElementsOf(ids.subList(2, 4));
        }
    }

    @Test
    void whatWentToAnotherClientMeanwhileIsNotConfirmedByTheFirst() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        String first = publish(topic, 0);
        String second = publish(topic, 1);
        String last;
        try (Reader reader = new Reader(bus, path, null)) {
            Await.untilAsserted("both came", () -> assertThat(reader.events).hasSize(2));
            last = reader.ids.get(1);
        }
        Await.untilAsserted("nothing is held for it", () -> assertThat(held(path)).isZero());

        try (Reader between = new Reader(bus, path, null)) {
            Await.untilAsserted("both came", () -> assertThat(between.events).hasSize(2));
            try (Reader reader = new Reader(other, path, last)) {
                between.hangUp();
                Await.untilAsserted("one came again", () -> assertThat(reader.events).hasSize(1));
                String third = publish(topic, 2);
                Await.untilAsserted("the next came", () -> assertThat(reader.events).hasSize(2));
                assertThat(reader.eventIds()).containsExactly(first, third).doesNotContain(second);
            }
        }
    }

    /** What is written to it goes nowhere. */
    @Test
    void whoAsksForTheHeadOfAStreamTakesNoEvents() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        String id = publish(topic, 0);
        HttpRequest head =
                HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + bus.port() + path + "/stream"))
                        .header("Authorization", "Bearer service")
                        .method("HEAD", HttpRequest.BodyPublishers.noBody())
                        .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<Void> answer = client.send(head, HttpResponse.BodyHandlers.discarding());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/event-stream");
            // While its connection is there: what a stream had comes back when that is gone.
            assertThat(pullUntilSomethingComes(bus, path).toString()).contains(id);
        }
    }

    @Test
    void aStreamEndsWhenItsKeyIsRevoked() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        try (Reader reader = new Reader(other, path, null)) {
            publish(topic, 0);
            Await.untilAsserted("it came", () -> assertThat(reader.events).hasSize(1));
            other.revoked.add("service");
            Await.until("the stream has ended", () -> reader.ended);
            int before = reader.events.size();
            String id = publish(topic, 1);
            // What the stream had, and was not settled yet, comes again before it.
            Await.untilAsserted(
                    "whoever may call gets it",
                    () -> assertThat(pull(bus, path, 1_000).toString()).contains(id));
            assertThat(reader.events).hasSize(before);
        } finally {
            other.revoked.clear();
        }
    }

    @Test
    void whoWaitsForEventsGetsNoneOnceItsKeyIsRevoked() throws Exception {
        String topic = topic();
        String path = subscribe(topic, "");
        try {
            CompletableFuture<Answer> waiting = waits(other, path, 20_000);
            other.revoked.add("service");
            String id = publish(topic, 0);

            assertThat(waiting.get().status()).isEqualTo(401);
            assertThat(pullUntilSomethingComes(bus, path).toString()).contains(id);
        } finally {
            other.revoked.clear();
        }
    }

    @Test
    void whoWaitsForEventsGetsNoneOfASubscriptionThatIsPausedMeanwhile() throws Exception {
        String topic = topic();
        Await.until("both know the same", TakenDeliveriesTest::bothKnowTheSame);
        int before = other.bus.delivery().active();
        String path = subscribe(topic, "");
        Await.until("it is known", () -> other.bus.delivery().active() == before + 1);
        CompletableFuture<Answer> waiting = waits(other, path, 5_000);
        assertThat(bus.post("service", path + "/pause", "").status()).isEqualTo(200);
        Await.until("that is known", () -> other.bus.delivery().active() == before);
        String id = publish(topic, 0);

        assertThat(waiting.get().body().get("events")).isEmpty();
        assertThat(bus.post("service", path + "/resume", "").status()).isEqualTo(200);
        assertThat(pullUntilSomethingComes(bus, path).toString()).contains(id);
    }

    @Test
    void whoWaitsForEventsGetsNoneOnceItHasHungUp() throws Exception {
        String topic = topic();
        String path = subscribe(topic, "");
        Await.until("no other answer is on its way", () -> isFree(other.answers));
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), other.port())) {
            String body = "{\"wait_ms\": 20000}";
            String request =
                    """
                    POST %s/pull HTTP/1.1
                    Host: localhost
                    Authorization: Bearer service
                    Content-Type: application/json
                    Content-Length: %d

                    %s\
                    """
                            .formatted(path, body.length(), body)
                            .replace("\n", "\r\n");
            client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            Await.until("it holds memory", () -> !isFree(other.answers));
            assertThat(pull(other, path, 0)).as("that looked longer ago than this").isEmpty();
            client.shutdownOutput();
            assertThat(client.getInputStream().read()).as("the server hung up too").isEqualTo(-1);
        }

        String id = publish(topic, 0);

        assertThat(pullUntilSomethingComes(bus, path).toString()).contains(id);
    }

    private static boolean isFree(AnswerMemory answers) {
        boolean free = answers.take(null, ANSWERS);
        if (free) {
            answers.giveBack(null, ANSWERS);
        }
        return free;
    }

    private static boolean bothKnowTheSame() {
        return other.bus.delivery().active() == bus.bus.delivery().active();
    }

    /** A pull that is let in, and waits. */
    private static CompletableFuture<Answer> waits(BusInstance where, String path, int millis) {
        int before = where.identified.get();
        CompletableFuture<Answer> answer =
                CompletableFuture.supplyAsync(
                        () ->
                                where.post(
                                        "service", path + "/pull", "{\"wait_ms\": " + millis + "}"),
                        task -> Thread.ofVirtual().start(task));
        Await.until("it is let in", () -> where.identified.get() > before);
        return answer;
    }

    @Test
    void aStreamThatAcknowledgesGetsAgainWhatItDoesNot() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"ack_deadline\": 5");
        publish(topic, 0);
        try (Reader reader = new Reader(bus, path, null)) {
            Await.untilAsserted("it came", () -> assertThat(reader.events).hasSize(1));
            platform.clock().advance(Duration.ofSeconds(6));
            Await.untilAsserted("it came again", () -> assertThat(reader.events).hasSize(2));
            bus.post(
                    "service",
                    path + "/ack",
                    "{\"delivery_ids\": [\"" + reader.ids.getFirst() + "\"]}");
            platform.clock().advance(Duration.ofSeconds(6));
            publish(topic, 1);
            Await.untilAsserted("the next came", () -> assertThat(reader.events).hasSize(3));
            assertThat(reader.eventIds().get(2)).isNotEqualTo(reader.eventIds().getFirst());
        }
    }

    @Test
    void whoDoesNotReadKeepsNothingFromOthers() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        List<String> ids = new ArrayList<>();
        Socket deaf = deaf(path);
        try {
            // More than sockets and a window take together.
            for (int i = 0; i < 20; i++) {
                ids.addAll(publishAll(topic, 100, 10_000));
            }
            Await.untilAsserted(
                    "some wait for another reader", () -> assertThat(waiting(path)).isPositive());
            try (Reader reader = new Reader(other, path, null)) {
                deaf.close();
                Await.untilAsserted(
                        "everything came to who reads",
                        () -> assertThat(Set.copyOf(reader.eventIds())).hasSameSizeAs(ids));
                assertThat(reader.eventIds()).containsAll(ids);
            }
        } finally {
            deaf.close();
        }
    }

    @Test
    void whoDoesNotReadHoldsNoMoreThanIsOnItsWay() throws Exception {
        String topic = topic();
        String path = subscribe(topic, ", \"requires_ack\": false");
        for (int i = 0; i < 10; i++) {
            publishAll(topic, 20, 100_000);
        }
        Await.untilAsserted("all wait", () -> assertThat(waiting(path)).isEqualTo(200));
        try (Socket deaf = deaf(path)) {
            Await.untilAsserted("some are sent", () -> assertThat(held(path)).isPositive());
            assertThat(settled(path)).as("sockets take some megabytes").isLessThan(120);
            assertThat(deaf.isConnected()).isTrue();
        }
    }

    /** What is held once nothing has changed for a while. */
    private static long settled(String path) throws SQLException {
        long[] last = {held(path), System.nanoTime()};
        Await.until(
                "nothing more is taken for a second",
                () -> {
                    long now = held(path);
                    if (now != last[0]) {
                        last[0] = now;
                        last[1] = System.nanoTime();
                    }
                    return System.nanoTime() - last[1] > 1_000_000_000L;
                });
        return last[0];
    }

    private static Socket deaf(String path) throws java.io.IOException {
        Socket deaf = new Socket(InetAddress.getLoopbackAddress(), bus.port());
        deaf.setReceiveBufferSize(1);
        deaf.getOutputStream()
                .write(
                        ("GET "
                                        + path
                                        + "/stream HTTP/1.1\r\nHost: localhost\r\n"
                                        + "Authorization: Bearer service\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
        assertThat(deaf.getInputStream().read()).isEqualTo('H');
        return deaf;
    }

    @Test
    void aPullAnswersNoMoreThanAMegabyteUnlessOneEventHasMore() {
        String topic = topic();
        String path = subscribe(topic, "");
        List<String> ids = publishAll(topic, 5, 400_000);
        Await.untilAsserted("all wait", () -> assertThat(waiting(path)).isEqualTo(5));
        List<String> taken = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        for (JsonNode events = pull(bus, path, 0); !events.isEmpty(); events = pull(bus, path, 0)) {
            sizes.add(events.size());
            events.forEach(one -> taken.add(one.at("/event/id").stringValue()));
        }
        assertThat(sizes).containsExactly(2, 2, 1);
        assertThat(taken).containsExactlyElementsOf(ids);
    }

    /** As if it had come, or come back, only then. */
    private static void delay(String path, String eventId, String due) throws SQLException {
        try (var connection = platform.connection();
                var statement = connection.createStatement()) {
            assertThat(
                            statement.executeUpdate(
                                    "UPDATE bus.pending_deliveries SET due_at = "
                                            + due
                                            + " WHERE event_id = '"
                                            + eventId
                                            + "' AND subscription_id = '"
                                            + path.substring(path.lastIndexOf('/') + 1)
                                            + "'"))
                    .isEqualTo(1);
        }
    }

    private static long waiting(String path) throws SQLException {
        return count("NOT taken", path);
    }

    private static long held(String path) throws SQLException {
        return count("taken", path);
    }

    private static long count(String which, String path) throws SQLException {
        try (var connection = platform.connection();
                var statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT count(*) FROM bus.pending_deliveries WHERE "
                                        + which
                                        + " AND subscription_id = '"
                                        + path.substring(path.lastIndexOf('/') + 1)
                                        + "'")) {
            row.next();
            return row.getLong(1);
        }
    }

    /** Reads a stream as a browser does. */
    private static final class Reader implements AutoCloseable {
        final List<JsonNode> events = new CopyOnWriteArrayList<>();
        final List<String> ids = new CopyOnWriteArrayList<>();
        private final HttpClient client = HttpClient.newHttpClient();
        private final InputStream body;
        volatile boolean ended;

        Reader(BusInstance instance, String path, @Nullable String lastEventId) throws Exception {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(
                                    URI.create(
                                            "http://127.0.0.1:"
                                                    + instance.port()
                                                    + path
                                                    + "/stream"))
                            .header("Authorization", "Bearer service");
            if (lastEventId != null) {
                request.header("Last-Event-ID", lastEventId);
            }
            HttpResponse<InputStream> response =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
            body = response.body();
            Thread.ofVirtual().start(this::read);
        }

        List<String> eventIds() {
            return events.stream().map(event -> event.get("id").stringValue()).toList();
        }

        private void read() {
            try (var lines =
                    new java.io.BufferedReader(
                            new java.io.InputStreamReader(body, StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith("id: ")) {
                        ids.add(line.substring(4));
                    } else if (line.startsWith("data: ")) {
                        events.add(dev.jubilee.server.json.Json.tree(line.substring(6)));
                    }
                }
            } catch (java.io.IOException e) {
                // Closed.
            }
            ended = true;
        }

        void hangUp() throws java.io.IOException {
            body.close();
            client.shutdownNow();
        }

        @Override
        public void close() throws java.io.IOException {
            hangUp();
        }
    }

    private static JsonNode pullUntilSomethingComes(BusInstance instance, String path) {
        AtomicReference<JsonNode> events = new AtomicReference<>();
        Await.until(
                "something comes",
                () -> {
                    events.set(pull(instance, path, 10_000));
                    return !events.get().isEmpty();
                });
        return events.get();
    }

    private static JsonNode pull(BusInstance instance, String path, int waitMillis) {
        Answer answer =
                instance.post("service", path + "/pull", "{\"wait_ms\": " + waitMillis + "}");
        assertThat(answer.status()).as(answer.body().toString()).isEqualTo(200);
        return answer.body().get("events");
    }

    private static String topic() {
        String name = platform.topic("taken." + topics.incrementAndGet());
        assertThat(
                        bus.post(
                                        "operator",
                                        "/topics",
                                        "{\"name\":\"" + name + "\", \"partitions\": 1}")
                                .status())
                .isEqualTo(201);
        return name;
    }

    private static String subscribe(String topic, String more) {
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        "{\"service_name\": \"s\", \"method\": \"sse\", \"topic_pattern\": \""
                                + topic
                                + "\""
                                + more
                                + "}");
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
        return "/subscriptions/" + made.text("subscription_id");
    }

    private static String publish(String topic, int payload) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"game.taken\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": %d}"
                                .formatted(topic, payload));
        assertThat(answer.status()).isEqualTo(200);
        return answer.text("event_id");
    }

    private static List<String> publishAll(String topic, int events, int bytes) {
        String event =
                "{\"event_type\": \"game.taken\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": {\"text\": \"%s\"}}"
                        .formatted(topic, "x".repeat(bytes));
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish/batch",
                        "[" + String.join(",", Collections.nCopies(events, event)) + "]");
        assertThat(answer.body().path("failed").asInt(-1)).as(answer.body().toString()).isZero();
        List<String> ids = new ArrayList<>();
        answer.body().get("results").forEach(one -> ids.add(one.get("event_id").stringValue()));
        assertThat(ids).hasSize(events);
        return ids;
    }
}
