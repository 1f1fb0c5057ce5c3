package dev.jubilee.events.redis.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.redis.RealRedis;
import dev.jubilee.events.redis.RedisAddress;
import dev.jubilee.events.redis.RedisLink;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.EventStoreFailure;
import dev.jubilee.events.store.Snapshot;
import dev.jubilee.events.store.StoredEvent;
import dev.jubilee.events.tck.servers.RedisServer;
import io.lettuce.core.Range;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The keys that the guide names, and what is at them. */
@ExtendWith(RealRedis.class)
class RedisLayoutTest {
    private static final Instant TIME = Instant.parse("2026-11-21T10:00:00Z");

    private final RedisFixture fixture;
    private final RedisLink link;
    private final EventStore store;

    RedisLayoutTest(RedisServer server) {
        this.fixture = new RedisFixture(server);
        this.link = fixture.link();
        this.store = new RedisEventStore(link, fixture.prefix);
    }

    @AfterEach
    void close() {
        store.close();
        fixture.close();
    }

    private RedisCommands<String, String> redis() {
        return link.shared().sync();
    }

    private static Envelope event(String id, String data) {
        return Envelope.of(id, "guild.gold.deposited", "guild-service", TIME)
                .json(data.getBytes(UTF_8))
                .build();
    }

    @Test
    void aStreamIsASortedSetByVersionWithItsVersionBesideIt() {
        store.saveEvents("guild:7", List.of(event("a", "{\"gold\":1}"), event("b", "2")), 0);

        String key = fixture.prefix + ":guild:7";
        assertThat(redis().get(key + ":version")).isEqualTo("2");
        assertThat(redis().zrangebyscore(key, Range.create(1, 1)))
                .containsExactly(
                        "{\"version\":1,\"position\":1,\"id\":\"a\",\"type\":\"guild.gold.deposited\","
                                + "\"source\":\"guild-service\",\"time\":\"2026-11-21T10:00:00Z\","
                                + "\"contenttype\":\"application/json\",\"data\":{\"gold\":1}}");
        assertThat(redis().xlen(fixture.prefix + "-log")).isEqualTo(1);
    }

    @Test
    void dataComesBackByteForByte() {
        List<String> all =
                List.of(
                        "{ \"a\" : [1, 2.50, {\"b\": \"}\"}] }",
                        "42",
                        "-1e5",
                        "\"text \\u00e9 ü\"",
                        "true",
                        "null",
                        "[]",
                        "",
                        " {} ",
                        "{",
                        "{} {}",
                        "\uFEFF{}");
        for (int i = 0; i < all.size(); i++) {
            store.saveEvents("s", List.of(event("e" + i, all.get(i))), i);
        }
        List<StoredEvent> read = store.getEvents("s", 0);
        for (int i = 0; i < all.size(); i++) {
            assertThat(new String(read.get(i).event().data(), UTF_8)).isEqualTo(all.get(i));
        }
    }

    @Test
    void namesThatLookLikeKeysOfOthersAreStreamsOfTheirOwn() {
        List<String> names =
                List.of(
                        "s",
                        "s:version",
                        "s%3Aversion",
                        "s:snapshot",
                        "s:version:version",
                        "%",
                        ":");
        for (String name : names) {
            store.saveEvents(name, List.of(event(name, "1"), event(name + "2", "2")), 0);
            store.saveSnapshot(new Snapshot(name, 2, "text/plain", name.getBytes(UTF_8)));
        }
        for (String name : names) {
            assertThat(store.getEvents(name, 0)).hasSize(2);
            assertThat(store.loadSnapshot(name)).get().extracting(Snapshot::stream).isEqualTo(name);
        }
        assertThat(store.getAllEvents(0, 100).stream().map(StoredEvent::stream).distinct())
                .containsExactlyElementsOf(names);
    }

    @Test
    void aReaderMayStopInTheMiddleOfAnAppend() {
        store.saveEvents("s", List.of(event("a", "1"), event("b", "2"), event("c", "3")), 0);
        store.saveEvents("t", List.of(event("d", "4")), 0);
        assertThat(store.getAllEvents(1, 1)).extracting(StoredEvent::position).containsExactly(2L);
        assertThat(store.getAllEvents(2, 5))
                .extracting(StoredEvent::position)
                .containsExactly(3L, 4L);
    }

    @Test
    void aReaderPassesOverAnyNumberOfAppendsThatAreDeleted() {
        for (int i = 0; i < 10; i++) {
            store.saveEvents("gone", List.of(event("e" + i, "1")), i);
        }
        store.saveEvents("there", List.of(event("next", "2")), 0);
        store.deleteStream("gone", 10);
        assertThat(store.getAllEvents(0, 3)).extracting(StoredEvent::position).containsExactly(11L);
        assertThat(redis().xlen(fixture.prefix + "-log")).isEqualTo(1);
    }

    @Test
    void aKeyThatSomebodyElseUsesIsAFailureAndNothingIsWritten() {
        redis().set(fixture.prefix + ":taken", "not a sorted set");
        assertThatThrownBy(() -> store.saveEvents("taken", List.of(event("a", "1")), 0))
                .isInstanceOf(EventStoreFailure.class)
                .hasMessageContaining("WRONGTYPE");
        assertThat(store.getAllEvents(0, 10)).isEmpty();
        assertThat(redis().exists(fixture.prefix + ":taken:version")).isZero();
    }

    @Test
    void theGuidesVariablesSayWhereItIs() {
        Map<String, String> production =
                Map.of(
                        "REDIS_EVENT_STORE_HOST", "redis.production.com",
                        "REDIS_EVENT_STORE_PORT", "6379",
                        "REDIS_EVENT_STORE_PASSWORD", "strong-password",
                        "REDIS_EVENT_STORE_DB", "1");
        assertThat(RedisAddress.fromEnvironment(production, "REDIS_EVENT_STORE", 1).uri())
                .isEqualTo("redis://:strong-password@redis.production.com:6379/1");
        assertThat(RedisAddress.fromEnvironment(Map.of(), "REDIS_EVENT_STORE", 1).uri())
                .isEqualTo("redis://localhost:6379/1");
    }
}
