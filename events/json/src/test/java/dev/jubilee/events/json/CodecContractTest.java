package dev.jubilee.events.json;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.tck.EventCodecContract;
import java.time.InstantSource;
import org.junit.jupiter.api.Nested;

/** Every codec, and every form in which its envelopes travel as JSON. */
class CodecContractTest {
    @Nested
    class Json extends EventCodecContract {
        @Override
        protected EventCodec open(EventRegistry registry) {
            return new JsonEventCodec(registry);
        }
    }

    @Nested
    class JsonInCloudEvents extends EventCodecContract {
        @Override
        protected EventCodec open(EventRegistry registry) {
            return new Travelling(new JsonEventCodec(registry));
        }
    }

    @Nested
    class PlainJson extends EventCodecContract {
        @Override
        protected EventCodec open(EventRegistry registry) {
            return new PlainJsonCodec(registry);
        }
    }

    @Nested
    class PlainJsonInCloudEvents extends EventCodecContract {
        @Override
        protected EventCodec open(EventRegistry registry) {
            return new Travelling(new PlainJsonCodec(registry));
        }
    }

    /** Writes each envelope as a CloudEvent, and reads it again, before anybody sees it. */
    private record Travelling(EventCodec codec) implements EventCodec {
        private static final CloudEventsJson JSON = new CloudEventsJson(InstantSource.system());

        @Override
        public Envelope encode(BaseEvent event) {
            return JSON.read(JSON.write(codec.encode(event)));
        }

        @Override
        public BaseEvent decode(Envelope envelope) {
            return codec.decode(JSON.read(JSON.write(envelope)));
        }
    }
}
