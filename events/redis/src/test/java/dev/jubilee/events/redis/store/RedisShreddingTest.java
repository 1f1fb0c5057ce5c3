package dev.jubilee.events.redis.store;

import dev.jubilee.events.redis.RealRedis;
import dev.jubilee.events.tck.EventStoreFixture;
import dev.jubilee.events.tck.ShreddingContract;
import dev.jubilee.events.tck.servers.RedisServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealRedis.class)
class RedisShreddingTest extends ShreddingContract {
    private final RedisFixture fixture;

    RedisShreddingTest(RedisServer server) {
        this.fixture = new RedisFixture(server);
    }

    @Override
    protected EventStoreFixture fixture() {
        return fixture;
    }

    @AfterEach
    void closeFixture() {
        fixture.close();
    }
}
