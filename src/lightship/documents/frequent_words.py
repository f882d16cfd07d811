"""The words that are most frequent in each language, and letters that few languages of a script have.

Almost all of them are function words: a page of prose has dozens of them, a page of code or names hardly any. They are
counted by `language.py`. `l'` is a word of its own: texts are parted behind apostrophes.
"""

WORDS = {
    "en": "the of and to in is that for it with as are was this be by on not or from at have an which you can has"
    " will were they their its been more when if your there who one all would we he she his her but what use"
    " used may these how no a i so them then than other some any also only my me him our us do does did could"
    " should into over about between after before while where such because each most see very up out file"
    " list set",
    "de": "der die das und ist nicht ein eine einen einem einer des dem den mit von zu zum zur im auf für sich"
    " auch werden wird wurde sind oder als aus bei nach über durch wie wenn es er sie nur noch kann hat haben"
    " war dass am um vom bis sein ihre unter an in so ich wir mich mir uns ihr ihm dann aber diese dieser"
    " dieses keine kein alle mehr eines anderen andere gegen ohne zwischen können müssen soll muss gibt hatte"
    " jedoch weil beim seine seiner sehr damit also wieder schon jahr hier falls",
    "fr": "le la les l' d' de des du un une et est dans pour que qu' qui par sur pas ne n' ce cette ces au aux"
    " avec sont en il elle ont ou où à plus son ses nous vous être été comme mais fait peut s' c' tout ils"
    " leur deux entre si a je tu me y m' j' leurs mon ma mes notre nos votre vos toutes tous autre autres"
    " même sans sous lui dont donc car cela après avant aussi lors chaque peuvent très bien encore doit"
    " depuis alors non quand",
    "es": "el la los las de del un una que en y es por para con no se su sus al como más pero este esta está son o"
    " fue lo le si sobre entre cuando ser ha también desde hasta muy todo sin años dos puede tiene nos era a"
    " me te mi yo él ella ellos cada hay todos esto eso porque antes después durante donde pueden debe sólo"
    " solo así tan bien cual cuales mismo otra otro otros parte tiempo nombre contra aunque sino hacia usted"
    " deben unos unas estas estos ese esa según mientras fueron había hace sea sean ni tras siempre ahora"
    " dentro cualquier algún algunos menos mayor uno hacer",
    "it": "il lo la gli le di del della dei delle dell' un una che è e per con non si in nel nella da dal al alla"
    " sono come più anche ma questo questa essere ha l' d' un' ed o i su stato tra sul fu ogni sua suo dalla"
    " degli nell' all' può se a mi ti io lui lei loro noi cui quando viene solo dove perché così molto senza"
    " prima dopo tutti tutto uno ho hai hanno abbia ancora già poi fra questi quello quella possono stata"
    " nelle sulla quindi qui",
    "pt": "o a os as um uma de do da dos das que em no na nos nas e é para com não se por mais como foi ao à ou"
    " são mas seu sua pelo pela está ser entre também até este esta você isso quando muito tem há pode já era"
    " me te eu ele ela eles cada sem sobre depois antes onde porque assim podem deve todos tudo todo esse"
    " essa aos às num numa nem só outra outro outros mesmo ter foram sido lhe então nome apenas bem agora"
    " durante aqui",
    "nl": "de het een van en in is dat op te voor met zijn niet aan er om ook als bij dan maar door naar uit"
    " worden wordt werd deze dit die hij kan of over zich nog geen wel tot heeft hebben meer was we je ze u"
    " onder mijn jij hem haar hun ons onze alle andere wanneer waar alleen moet zal zou kunnen kunt gebruik"
    " via zoals tussen tijdens omdat tegen zonder veel toch daarom zo hoe wie uw deel men echter alles iets"
    " hier geven",
    "da": "og i at en et den det de er som til af på for med ikke der fra var har kan vil blev ved om han også sig"
    " men eller være efter skal når over kun hvis nu meget hvor mere denne dette blive mellem hun vi jeg du"
    " alle ud op mig dig nogle noget hvad hvem været have kunne skulle ville måtte mod ind igen mange hver"
    " flere uden under bliver bruges bruge både selv siden før få går sådan hans hendes hos kom lige derfor"
    " første andre forskellige mine din dit samt lave tage end brug brugt bruger gør hjælp derefter vindue"
    " vælg tilføj ændre spørgsmål måde hedder altså ligger dermed ifølge samme fået gå giver fik bør ens lidt"
    " tid dag dage år",
    "no": "og i at en et den det de er som til av på for med ikke der fra var har kan vil ble ved om han også seg"
    " men eller være etter skal når over bare hvis nå mye hvor mer denne dette bli mellom hun vi jeg du alle"
    " ut opp ei ikkje eit meg deg noen noe hva hvem vært ha kunne skulle ville måtte mot inn igjen mange hver"
    " flere uten under blir brukes bruke både selv siden før få går slik hans hennes hos kom like derfor"
    " første andre forskjellige mine ditt samt lage ta enn dem bruk brukt bruker gjør hjelp deretter vindu"
    " velg legg endre spørsmål måte heter altså ligger dermed ifølge samme fått gå gir fikk bør litt tid dag"
    " dager år ein vart frå dei eg så",
    "sv": "och i att en ett den det de är som till av på för med inte där från var har kan vill blev vid om han"
    " också sig men eller vara efter ska när över bara nu mycket hur mer denna detta bli mellan hon vi jag du"
    " alla ut upp så genom kommer sin mig dig någon något några vad vem varit ha kunde skulle ville mot in"
    " igen många varje flera utan under blir används använda både själv sedan innan få går hans hennes hos"
    " kom därför första andra olika min ditt samt göra än dem endast måste finns era man ingen åt",
    "fi": "ja on ei että se hän oli ovat joka mutta kun niin tai myös kuin jos mukaan hänen ole sen ne voi sekä"
    " jotka nyt vain mitä olla tämä tämän siitä jonka vuonna ollut kuitenkin sitä kanssa jälkeen voidaan mikä"
    " en minä sinä minun minulla hänet he me te siinä siihen kaikki koko mikään myöskään yli alle ennen"
    " aikana eli eivät olisi voit tulee saa tässä näin kuten joita joiden jossa joten esimerkiksi enemmän"
    " lisäksi vielä aina ehkä vaan yksi kaksi sitten paljon sama vaikka ilman muut",
    "hu": "a az és hogy nem egy is volt meg ez csak de van el ha már mint még vagy azt amely ki fel minden kell"
    " sem aki lehet ezt után majd több által között nagy pedig mert így akkor ami lett neki be én te mi ti ők"
    " nincs például új lesz való első két ezen ezek azok ahol amikor hanem illetve valamint vagyok kellett"
    " volna lenne olyan össze mely tehát jól itt ott mit miért egyes másik alatt felett előtt szerint nélkül"
    " esetén",
    "pl": "w i na z do się nie jest to że o jak od za po przez dla jego oraz są był była ale tak co być które"
    " który która czy ze może tym tego ich już przed tylko lub przy jako też pod go roku gdy bardzo jej ja my"
    " wy mnie mi mu nas nam jeśli jeżeli aby można ma mają ten ta te bez będzie został została albo podczas"
    " więcej niż mogą jeden jedna kiedy gdzie nawet nad ponieważ aż także jednak przede każdy wszystko"
    " wszystkie swoje między właśnie tu",
    "cs": "a v se na je že s z do o to k i ve pro jako by si za od po jsem jsou byl byla bylo ale nebo který která"
    " které podle může není také aby když být až jeho už tak před při mezi však jen kde bez tím já ty my vy"
    " mě mi mu nás vám pokud má mají bude budou než jak můžete všechny všech tento tato toto její jejich pak"
    " protože proto ještě více místo pomocí každý během jsme jste jinak pouze kdy kdo co ke ze aniž tedy",
    "sk": "a v sa na je že s z do o to k aj vo pre ako by si za od po som sú bol bola bolo ale alebo ktorý ktorá"
    " ktoré podľa môže nie tiež aby keď byť až jeho už tak pred pri medzi však len kde bez tým iba ja ty my"
    " vy mňa mi mu nás vám ak má majú bude budú než môžete všetky všetkých tento táto toto jej ich potom"
    " pretože preto ešte viac pomocou každý počas sme ste inak kedy kto čo ku zo teda mať treba",
    "sl": "in je v se na da za so ki ne pa z s bi po tudi od kot ali o do pri bil bila ter lahko če iz več še ni"
    " kar sem med pred jih ima tako samo smo bo kako ga zelo jaz ti mi vi mene mu nas vas ko vse vseh ta to"
    " tega tem ob naj bodo bomo kjer kdaj kdo kaj kateri katera katere zato vendar saj torej nekaj vsak prav"
    " brez njegov njen njihov ker nisem nismo niso drugi drugih preko pod nad",
    "hr": "i je u se na da za su s od koji koja koje ne o kao iz će bi do sa ili to što nije bio bila može po ali"
    " te sve sam ako prema samo više nakon još ima kako pri biti ga zbog mogu jer ja ti mi vi mene mu nas vas"
    " kada svih ovaj ova ovo taj ta tko kojeg kojih zato dakle nešto svaki bez njegov njezin njihov također"
    " niti nisam nismo drugi drugih preko pod nad između možete ćete ću biste li tijekom kroz gdje onda uz"
    " prije toga ove",
    "ro": "de și în a la cu pe nu este un o din că să se sunt pentru care mai ca fi al sau au prin dar după fost"
    " ale lui cel această acest dacă când între le va ai lor poate foarte fără îl ce eu tu el ea noi voi mi"
    " te ne li acestei acestui fiecare există trebui despre nici numai atunci unde cum cine toate toți tot"
    " doar decât către asupra având fiind fac face unei unui aceste atât însă deci mult puteți fi-n dintre",
    "ca": "de la el els les un una que i en per amb és no es del al dels a l' d' com més són s' seu seva pel també"
    " però aquest aquesta va ha o si hi n' molt entre quan fins ser tot sobre dues podeu jo tu ell ella ells"
    " nosaltres em et ens us li això cada des abans després on qui què perquè així sense sota mateix altra"
    " altre altres totes tots pot poden fer fet cap cal només d'aquest hem heu ja ni aquests aquestes durant"
    " encara est mentre",
    "gl": "de o a os as un unha que e en é para con non se do da dos das no na nos nas por máis como foi ao á ou"
    " son pero seu súa polo pola está ser entre tamén ata este esta isto cando moi ten pode xa unhas dun"
    " dunha eu ti el ela eles cada sen sobre despois antes onde porque así poden debe todos todo ese esa aos"
    " ás nun nunha nin só outra outro outros mesmo ter foron sido lle entón nome agora durante aquí dende"
    " desde algúns algunha hai tempo co coa cos polos polas vostede",
    "eu": "eta da ez du bat zen dira edo ere izan den duen egin bere dute baina hau beste behar dago zuen zituen"
    " nahi baino gero artean dela ziren hori bai arte zer oso ditu haren gabe bezala egiten dezakezu batean"
    " ni zu gu hura bezain batzuk guztiak guztien beraz baita ezin ezik izango izaten zuten dituzte dituen"
    " gehiago azken lehen bera beren hauek horrek honek dagoen daude daiteke da-eta artekoa arabera ondoren"
    " aurretik hala nola diren bada gisa hainbat egiteko ordea",
    "et": "ja on ei et ta see oli kui ka mis aga oma siis või nii selle kes mida ning pole välja veel kõik üks ole"
    " saab olid ma pärast seda aasta sest eest vaid poolt kuid juba ainult võib mina sina tema meie teie"
    " nemad mulle talle kelle mille sama kas mitte kuni iga kogu koos ilma enne ajal jaoks tuleb saavad olla"
    " oleks olnud ega nagu ükski teised teiste palju rohkem väga seal siin kus millal miks eriti samuti vahel"
    " üle alla peale sisse",
    "lv": "un ir ar par no uz kas ka tas kā vai pēc bija tiek ja lai arī viņš bet nav tika šo kad gada to pie tā"
    " šis līdz savu ļoti tikai es var gadā jau vēl kuru gan kurā būt jūs mēs viņa viņi tie tās šī šie tiks"
    " esmu esam kur kāpēc tāpēc tomēr pat vairāk mazāk starp pirms laikā caur bez citi citas daudz cik savas"
    " sava viens viena divi jā tad nevar varētu būs būtu ko kam",
    "lt": "ir yra kad į iš su tai buvo kaip ar bet jo ne per už nuo apie tik jis po prie dėl arba kai metų savo jų"
    " būti šis dar taip jei kurie kuris labai gali iki pagal tačiau nėra to aš tu mes jūs ji jie jos jam tas"
    " ta tie šie bus būtų turi galite reikia jeigu kur kada kodėl todėl pat daugiau mažiau tarp prieš metu be"
    " kiti kitų daug kiek vienas viena du niekas ką kam o",
    "tr": "ve bir bu da de için ile olarak çok olan daha gibi kadar ne var en o ama sonra her ya veya mi değil"
    " olduğu ise göre tarafından ben iki diye bile şey oldu sadece içinde yok ancak hem ki sen biz siz onlar"
    " onun onu bunu bunun eğer tüm bütün yeni ayrıca fakat çünkü böyle bana beni aynı diğer başka zaman nasıl"
    " neden hiç iyi kendi öyle yalnızca üzerinde arasında önce fazla olmak olur etmek eden kez yine artık"
    " birlikte ilgili karşı bazı",
    "az": "və bir bu da də üçün ilə olan kimi olaraq daha çox ən edilir var o ki sonra hər ya isə idi deyil görə"
    " onun tərəfindən bütün olduğu lakin kədər qədər bəy azərbaycan əgər yeni mən sən biz siz onlar bunu onu"
    " həm çünki belə eyni digər başqa zaman necə heç yaxşı öz əsas əvvəl üzrə arasında etmək edən olmaq"
    " olunur yalnız qarşı bəzi əlavə yox",
    "vi": "và của là có không được trong một cho các người với này những để đã khi từ về ra đến như cũng vào năm"
    " tại ở hay nhưng phải bạn trên sẽ làm còn đó rất theo nếu sau thì nhiều tôi anh chị em họ chúng ta mình"
    " thể tự hoặc điều nên đang đều cùng lại lên xuống ngoài trước giữa bởi vì tất cả mọi mỗi nào gì ai đâu"
    " chỉ cần hơn nữa nói ông bà việc thời gian ngày",
    "id": "yang dan di dari untuk dengan pada ini itu dalam tidak adalah akan ke oleh sebagai juga atau dapat ada"
    " saya bisa karena telah mereka anda lebih sudah kami seperti tersebut bahwa menjadi secara tahun jika"
    " kita satu dia aku kamu kalian nama hanya lain lainnya sebuah suatu setiap semua sama baru ketika saat"
    " waktu sedang masih pernah harus ingin membuat memiliki menggunakan digunakan maka yaitu antara namun"
    " tetapi kemudian setelah sebelum ia pun lagi tentang terhadap maupun sangat bagi dua",
    "sq": "të e në dhe i për me një që nga është si ka do më u se ai nuk cilat janë kjo ose por ishte duke kur"
    " mund tij deri ata kanë pas edhe nëse jo shumë mbi këtë saj unë ti ajo ne ju ky këto këta cila cilën ku"
    " pse sepse prandaj pak midis para pa gjatë tjetër tjera gjithë çdo duhet mundet ishin kishte kam ke kemi"
    " tyre tonë asnjë sa së apo",
    "is": "og að í á er sem til það ekki var með um við en af fyrir hann frá eru eða því hafa hefur þessi þú ef"
    " þetta verið hún þar þess verður ég eftir sé vera upp úr sér hafði þegar þeir þær þau þið mér þér honum"
    " henni okkur hvað hver hvar hvernig þá þessa þessu þeim þeirra engin annað aðrir allt allir mjög meira"
    " minna milli undir yfir gegnum án bara líka svo nú hér þannig voru verða getur geta",
    "ga": "an na agus ar i a le is go do ag bhí tá sé leis ní don mar ach níl nach gur seo sin atá sa ón cé bhfuil"
    " féidir chun faoi gach ó dá gan siad mé tú nó aon mo bheith raibh beidh bhfeidhm ann níos seachas roimh"
    " tríd idir agam agat aige aici againn acu orm ort uirthi orthu cad nuair má mura amháin freisin fós eile"
    " sna den á ba",
    "cy": "yn y a i o yr ar ac mae gan am wedi i'r o'r ei bod fel neu eu oedd hyn ond gyda sydd nid chi dim bydd"
    " wrth oes un mewn iawn gael cael gallwch ni fi ti ef hi nhw fy dy ein eich pan ble pam sut beth pwy pob"
    " holl arall eraill maen roedd byddai gellir rhaid efallai hefyd eto cyn ôl trwy heb dan dros rhwng fod"
    " sy'n nad hwn hon hynny",
    "af": "die van en in is het 'n nie dat te vir met op wat as sy aan deur om was word ook hy sal kan hulle maar"
    " by uit ek jy na daar tot of gebruik hierdie geen moet wees jou ons julle my hom haar hul wanneer waar"
    " hoe hoekom want omdat net nog al baie meer minder tussen voor gedurende sonder ander elke alle een kon"
    " sou wil iets niks indien toe so",
    "eo": "la de kaj estas en ne al por kiu kiuj kun el ke li estis kiel per sed ĝi ĉi aŭ pri oni tiu ĉu kiam da"
    " ili tio sur povas mi vi tie plej esti ĉiuj inter sia ĝis ŝi ni mia via nia ilia kie kial ĉar do tamen"
    " ankaŭ eĉ pli malpli antaŭ post dum tra sen alia aliaj multaj ĉiu nur havas havi faris fari devas"
    " bezonas nenio io iu tiuj tiun kiun kies laŭ",
    "br": "ar an a e da eo ha hag en er ur gant ne ket evit war pe zo eus oa ez un din met ma all dre bet pa ivez"
    " gwir ouzh ober hep mat",
    "sw": "na ya wa kwa ni katika za la kama hii kuwa au hiyo lakini huo cha watu pia baada yake hilo vya mwaka"
    " hivyo sana yao wake si kila tu mimi wewe yeye sisi nyinyi wao hapa pale wapi lini sababu zaidi kati"
    " kabla bila nyingine wengine wote yote zake lake ilikuwa ana alikuwa ambayo ambao",
    "tl": "ang ng sa mga na at ay ito si ni hindi para may ako kung siya isang mo ka niya ko nang o din lang"
    " kanyang pag pero mula upang bilang kanila namin natin inyo iyo akin kami tayo kayo sila dito doon saan"
    " kailan bakit dahil rin higit bago pagkatapos wala lahat bawat iba naging nasa ayon dapat",
    "mt": "il li ta' u ma' f' għal minn fuq dan din hija huwa mhux jew kien ikun fil tal bħal kull aktar sabiex"
    " iżda",
    "la": "et in est non ad ut cum quod qui sed quae ex si per de sunt esse ab aut hoc etiam nec atque enim eius"
    " quam",
    "lb": "an de d' vun der den dat ass op fir mat am eng net en sech och si vum zu hien gouf war awer duerch no",
    "ru": "и в не на что с по как это из у за от для он к но так же все было его то бы или был о при быть она мы"
    " вы их если может только до мне ещё уже когда чтобы которые который также я ты вас нас мой свой свою"
    " этот эта эти этого этом эту того тому тем тех один нет есть во со без под над между после перед потому"
    " тоже еще очень более менее время лет чем где почему здесь там будет будут могут нужно можно является"
    " себя ли",
    "uk": "і в на не що з у та до як за це від є для по він але про було його або так який із при бути вони ми ви"
    " їх якщо може також коли щоб ще вже які лише чи її після я ти вас нас мені мій свій свою цей ця ці цього"
    " цьому цю того тому тим тих один немає без під над між перед теж дуже більше менше час років ніж де чому"
    " тут там буде будуть можуть потрібно можна себе щодо зі усі",
    "be": "і ў на не што з у да як за гэта ад для па ён але пра было яго або так які пры быць яны мы вы іх калі"
    " можа таксама ці каб яшчэ ужо якія толькі яе пасля гэты гэтага я ты вас нас мне мой свой сваю гэтая"
    " гэтыя гэтым таго таму тым тых адзін няма ёсць без пад над паміж перад вельмі больш менш час гадоў чым"
    " дзе чаму тут там будзе будуць могуць трэба можна сябе усе быў была былі",
    "bg": "на и да се в от за не с е по че са ще като до това но които или при след което който си може бъде към"
    " той има само те беше така му във ако със тази още където аз ти ние вие тя ме ми този тези онзи едно"
    " един една без под над между преди защото също много повече по-малко време години къде кога защо тук там"
    " бъдат могат трябва няма себе всички всичко нещо нищо ли бяха била били която",
    "mk": "на и да се во од за не со е по дека ќе како до ова но кои или при што кој сè може биде кон тој има само"
    " тие беше така му ако оваа уште ги го каде сум овој јас ти ние вие таа ме ми си оној едно еден една без"
    " под над меѓу пред после затоа исто многу повеќе помалку време години зошто тука таму бидат можат треба"
    " нема себе сите нешто ништо ли беа била биле која",
    "sr": "и је у се на да за су с од који која које не о као из ће би до са или то што није био била може по али"
    " те све сам ако према само више након још има како при бити ја ти ми ви он она оно они њега њему када"
    " свих овај ова ово тај та ко којег којих зато јер дакле нешто сваки без његов њен њихов такође нити"
    " нисам нисмо други преко под над између можете могу ћете ћу ли током кроз где онда уз пре тога ове",
    "kk": "және мен бұл бір үшін болып да де деп ол осы еді бар болған оның кейін емес дейін туралы ғана немесе"
    " қазақ сен біз сіз олар оны оған болады бойынша керек арқылы барлық өз сондай басқа жаңа тек кезінде жоқ"
    " қалай",
    "ky": "жана менен бул бир үчүн болуп да де деп ал ошол эле бар болгон анын кийин эмес чейин тууралуу жөнүндө"
    " кыргыз мен сен биз сиз алар аны ага болот боюнча керек аркылуу бардык өз башка жаңы гана учурда жок"
    " кантип деген катары ошондой туура болсо кандай",
    "mn": "нь юм байна бол энэ болон тул гэж нэг байсан дээр хийх бүх ба уу үгүй биш тэр монгол өөр дараа гэсэн би"
    " та бид тэд түүний эдгээр байгаа байв байх болно өгөх авах үед өмнө доор хооронд гэхдээ мөн эсвэл хэрэв"
    " ямар яаж хаана хэзээ бүр зөвхөн их хамгийн ч л хүртэл тухай",
    "tg": "ва дар аз ба ки бо ин барои як аст буд шуд он то ҳам мешавад кард мекунад дорад тоҷикистон бояд нест"
    " ман ту мо шумо онҳо вай чи чӣ кай агар бошад кунед шавад карда дода байни пеш баъд бе дигар ҳар ҳамаи"
    " фақат хеле ё на низ инчунин",
    "tt": "һәм белән бу бер өчен дә да дип ул бар булган аның соң түгел кадәр турында яки татар иде шул булып мин"
    " син без сез алар моның аны барлык башка яңа гына кирәк буенча үз әгәр ничек кайда юк алдан арасында",
    "ar": "في من على إلى عن أن التي الذي هذا هذه ما لا و أو كان مع كانت بعد بين قد ذلك كل هو هي لم إذا عند غير حيث"
    " ثم أنا أنت نحن هم كما عليه عليها فيها فيه منها منه إليه وقد وفي ومن بعض أي أكثر قبل خلال حول تحت فوق"
    " لكن لأن يمكن يجب تكون يكون كانوا هناك هنا نفس أيضا لن ليس إن تم عام",
    "fa": "و در به از که این را با است برای آن یک می تا بر شده خود هم ها یا شود بود اما های اگر کرد باید نیز کنید"
    " من تو او ما شما آنها ایشان همه هیچ چه کجا چرا چون زیرا بیشتر کمتر پس پیش بعد بین روی زیر بدون دیگر فقط"
    " نیست هست باشد باشند می‌شود می‌کند کرده کردن شدن دارد دارند داشت بودند توسط برخی هر خواهد",
    "ur": "کے میں کی ہے اور سے کا کو اس نے پر یہ ہیں کہ ایک تھا بھی نہیں ہو جو تھے کر گیا لیے ان تو وہ ہم تم آپ"
    " اپنے اپنی کیا کیوں کہاں جب تک بعد پہلے ساتھ درمیان بغیر دوسرے صرف سب کچھ بہت زیادہ کم ہوتا ہوتی ہوئے"
    " رہا رہی سکتا کرنا کرنے دیا لیکن اگر",
    "ps": "د په او چې کې له دی سره ده یو دا هم تر نه ته وي شي کړي لري دې يا پر يې",
    "ug": "ۋە بىلەن بۇ بىر ئۈچۈن ئەمەس دەپ بولۇپ ئۇ ياكى شۇ كېيىن ھەم قىلىپ قىلىش ئەگەر مەن سەن ئۇلار بىز سىز نېمە"
    " قانداق نەدە ھەممە باشقا يېڭى پەقەت كېرەك ئۈستىدە ئىچىدە بولسا بولىدۇ قىلىدۇ بار يوق ئۆز",
    "sd": "۾ جي جو جا کي آهي ۽ سان تي هڪ ته ان آهن نه به لاءِ يا پر",
    "ku": "لە و بە کە بۆ ئەو لەگەڵ ئەم یان هەر بوو دەکات نییە هەیە لەسەر تا کرد ئەگەر",
    "he": "של את על לא הוא עם זה גם או כי היא אל היה כל אם אני יש בין רק אך מה אשר אבל לפי אין היו זו זאת הם הן"
    " אנחנו אתה שלו שלה שלהם כאשר כך כן לכן כמו יותר פחות מאוד אחרי לפני תחת מעל ללא אחר אחרת אחד אחת כדי"
    " יכול יכולה ניתן צריך שהוא שהיא להיות היתה הייתה עד מי איך איפה למה שם פה וכן",
    "yi": "די דער און פון צו אין איז דאס מיט ניט נישט זיך דעם אויף האט ווי פֿון אָדער אױף אױב װי אַ אױ מען איך דו"
    " ער זי עס מיר איר זײ זיי וואס װאָס ווער װער ווען װען אבער אָבער נאך נאָך שוין קען מוז וועט װעט געווען"
    " געװען אלע אַלע פאר פֿאַר",
    "hi": "के में की है और से को का पर हैं ने यह कि इस एक लिए भी नहीं कर तो हो था जो या ही किया अपने साथ गया वह थे"
    " करें रहा मैं हम तुम आप वे उस उन इन उनके उसके इसके जिस जिसे जब तब क्या क्यों कहाँ कैसे कौन कोई कुछ सब"
    " सभी बहुत अधिक कम पहले बाद बीच बिना दूसरे केवल द्वारा करने करना करता होता होती सकता सकते दिया जाता रूप"
    " तथा हुए हुआ लेकिन अगर यदि",
    "mr": "आहे आणि या व हे ते नाही करा आहेत केले होते एक असे तर मध्ये किंवा होता केली होती साठी पण त्या असून येथे"
    " जे का मी आम्ही तुम्ही आपण तो ती त्यांच्या त्याच्या ह्या याच्या जेव्हा तेव्हा काय कुठे कसे कोण कोणी काही"
    " सर्व खूप अधिक पूर्वी नंतर दरम्यान शिवाय इतर फक्त करण्यासाठी करणे करते होत असते शकते शकता केला जाते"
    " म्हणून परंतु जर नाहीत त्याने त्यांनी मधील",
    "ne": "छ र को मा हो भएको छन् लागि यो गर्न पनि भने गर्नुहोस् वा हुन्छ एक थियो तर रूपमा गरेको यस सक्छ छैन कुनै"
    " भन्ने गर्ने म हामी तपाईं तिमी ऊ उनी उहाँ उनको यसको त्यो ती यी जब के किन कहाँ कसरी कोही केही सबै धेरै"
    " बढी कम अघि पछि बीच बिना अर्को मात्र द्वारा गरी गर्दा हुने हुन् थिए भयो रहेको दिन तथा साथै अनि यदि"
    " प्रयोग एउटा जस्तो छन सकिन्छ",
    "sa": "च अस्ति इति न एव तु वा अपि सः यत् तत् भवति अस्य सन्ति तस्य",
    "bn": "এই ও করে একটি না থেকে এবং জন্য হয় করা তার কোন সঙ্গে যে এর হবে আমি আমরা তুমি আপনি সে তারা তাদের এটি কি"
    " কেন কোথায় কখন কিভাবে কে কেউ কিছু সব সকল অনেক বেশি আগে পরে মধ্যে ছাড়া অন্য শুধু দ্বারা করতে হতে ছিল"
    " ছিলেন আছে যদি কিন্তু তবে আর নয় অথবা বা যা তা হয়েছে",
    "as": "আৰু এই কৰা এটা পৰা বাবে হয় কৰিব নহয় ওপৰত হ'ব যে মই আমি তুমি আপুনি সি তেওঁ তেওঁলোক ইয়াৰ কি কিয় ক'ত"
    " কেতিয়া কেনেকৈ কোনো কিছু সকলো বহুত বেছি আগতে পিছত মাজত অন্য কেৱল দ্বাৰা কৰিবলৈ আছিল আছে যদি কিন্তু বা"
    " হৈছে নাই আপোনাৰ ব্যৱহাৰ",
}  # fmt: skip

LETTERS = {
    "de": "ßäöü", "fr": "éèêçàœùîôû", "es": "ñ¿¡áéíóú", "it": "àèìòù", "pt": "ãõçáéíóúâêô", "da": "æøå", "no": "æøå",
    "sv": "åäö", "fi": "äö", "hu": "őűáéíóöüú", "pl": "ąćęłńśźżó", "cs": "ěřůčšžýáíéú", "sk": "ľĺŕôäčšžýáíéú",
    "sl": "čšž", "hr": "čćđšž", "ro": "ăâîșțşţ", "ca": "çàèéíòóúï·", "gl": "ñáéíóú", "eu": "ñ", "et": "õü",
    "lv": "āčēģīķļņšūž", "lt": "ąčęėįšųūž", "tr": "ğışçöü", "az": "ə",
    "vi": "ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ", "sq": "ëç", "is": "ðþæáéíóúýö", "ga": "áéíóú",
    "cy": "ŵŷâêîôû", "eo": "ĉĝĥĵŝŭ", "mt": "ċġħż", "nl": "ëï", "lb": "ëäé", "br": "ñù", "ru": "ыэёищй",
    "uk": "іїєґищй", "be": "іўыэёй", "bg": "ъищй", "mk": "иѓќѕјљњџ", "sr": "иђћјљњџ", "kk": "әғқңұіһыий",
    "ky": "өүңыэий", "mn": "өүыэёий", "tg": "ғӣқӯҳҷэёъий", "tt": "әөүҗңһыэий", "ar": "ةيكىأإ", "fa": "پچژگکی",
    "ur": "ٹڈڑےںھہکیپچگ", "ps": "ټځڅډړږښګڼېۍپچژی", "ug": "ۈۇۆۋڭەېھئپچگ", "sd": "ڪٿڀٺڄڃڇڏڊڌڍڙڳڱڻ", "ku": "ێۆڕڵەڤکیپچگ",
    "he": "תח", "yi": "װױײ", "mr": "ळ", "as": "ৰৱ", "bn": "র",
}  # fmt: skip
