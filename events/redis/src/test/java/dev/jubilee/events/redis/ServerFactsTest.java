package dev.jubilee.events.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.redis.store.RedisEventStore;
import dev.jubilee.events.tck.servers.RedisServer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A server that is set up as it should not be: one of its own, so that no other test has it. */
class ServerFactsTest {
    private final RedisServer server = own();
    private final RedisSettings settings = RedisSettings.at(server.uri());
    private final JsonEventCodec codec = new JsonEventCodec(EventRegistry.builder().build());

    private static RedisServer own() {
        assumeThat(System.getenv("REDIS_URL"))
                .as("the server of REDIS_URL is not set up by a test")
                .isNull();
        return new RedisServer();
    }

    @AfterEach
    void end() {
        server.close();
    }

    private void config(String name, String value) {
        try (RedisLink link = RedisLink.to(settings.address())) {
            assertThat(link.shared().sync().configSet(name, value)).isEqualTo("OK");
        }
    }

    @Test
    void aServerThatDropsKeysForWantOfMemoryIsRefusedByTheNameOfItsSetting() {
        config("maxmemory-policy", "allkeys-lru");
        config("maxmemory", "100mb");

        assertThatThrownBy(() -> new RedisStreamsEventBus(settings, codec))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("maxmemory-policy allkeys-lru")
                .hasMessageContaining("event-bus")
                .hasMessageContaining("noeviction");
    }

    @Test
    void anEventStoreRefusesSuchAServerToo() {
        config("maxmemory-policy", "allkeys-lfu");
        config("maxmemory", "100mb");

        try (RedisLink link = RedisLink.to(settings.address())) {
            assertThatThrownBy(() -> new RedisEventStore(link))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("the event store")
                    .hasMessageContaining("maxmemory-policy allkeys-lfu")
                    .hasMessageContaining("noeviction");
        }
    }

    @Test
    void aServerWithoutAnAppendOnlyFileIsWarnedOf() {
        config("appendonly", "no");

        assertThat(warnings()).singleElement().asString().contains("appendonly is no");
    }

    @Test
    void aServerThatDropsLeasesIsWarnedOf() {
        config("maxmemory-policy", "volatile-lru");
        config("maxmemory", "100mb");

        assertThat(warnings()).singleElement().asString().contains("volatile-lru");
    }

    @Test
    void aServerThatMayNotBeAskedIsWarnedOf() {
        try (RedisLink link = RedisLink.to(settings.address())) {
            Client.acl(link, "SETUSER", "shy", "on", ">secret", "~*", "&*", "+@all", "-info");
        }
        RedisSettings shy =
                RedisSettings.at(settings.address().uri().replace("//", "//shy:secret@"));

        assertThat(warnings(shy)).singleElement().asString().contains("does not say");
    }

    @Test
    void aServerThatIsSetUpAsItShouldBeIsNoNews() {
        assertThat(warnings()).isEmpty();
    }

    @Test
    void aClusterAndAnOldServerAreRefused() {
        ServerFacts facts =
                ServerFacts.of(
                        "# Server\r\nredis_version:6.2.6\r\n# Cluster\r\ncluster_enabled:1\r\n");

        assertThat(facts.againstStreams("event-bus"))
                .hasSize(2)
                .anyMatch(problem -> problem.contains("cluster-enabled"))
                .anyMatch(problem -> problem.contains("6.2.6"));
        assertThat(facts.againstChannels()).singleElement().asString().contains("cluster-enabled");
    }

    private List<String> warnings() {
        return warnings(settings);
    }

    /** What is said when a bus of streams is opened. */
    private List<String> warnings(RedisSettings of) {
        Logger logger = (Logger) LoggerFactory.getLogger(RedisStreamsEventBus.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        logger.setAdditive(false);
        try (RedisStreamsEventBus bus = new RedisStreamsEventBus(of, codec)) {
            assertThat(bus.guarantees()).isNotNull();
        } finally {
            logger.detachAppender(lines);
            logger.setAdditive(true);
        }
        return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
